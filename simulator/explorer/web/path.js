// The way from one person to another, told as a chain.
import { ask } from "./api.js";
import { address, brief, clipped, dot, el, empty, joint, panel, personLink, plural } from "./dom.js";
import { picker } from "./picker.js";

export async function pathPage({ params, signal }) {
  const { a = "", b = "" } = params;
  const ends = { a, b };
  const known = await Promise.all([a, b].map((id) => (id ? ask(["person", id], {}, signal) : null)));
  const go = () => { location.hash = address(["path"], ends); };
  const field = (name, label, place) => {
    const chosen = known[place]?.persona.text || "";
    const made = picker({ label, placeholder: "A few words of a description", value: chosen, onpick: (person) => { ends[name] = person.id; go(); }, onenter: (words) => { ends[name] = words; go(); } });
    return el("label", {}, el("span", {}, label), made.element);
  };
  const swap = el("button", { class: "button", type: "button", title: "Change places", "aria-label": "Change places", disabled: !(a && b), onclick: () => { location.hash = address(["path"], { a: b, b: a }); } }, "⇄");
  const body = a && b ? chain(await ask(["path"], { a, b }, signal)) : [empty("Choose two people: the shortest chain of relations between them is told here.")];
  return {
    title: "Path",
    parts: [el("header", { class: "head" }, el("h1", {}, "From one person to another")), el("div", { class: "ends panel" }, field("a", "From", 0), swap, field("b", "To", 1)), ...body],
  };
}

function chain({ from, steps, people }) {
  if (steps === null) return [empty("No chain of relations joins them.")];
  if (!steps.length) return [empty("That is the same person.")];
  const card = (id) => el("a", { class: "row", href: personLink(id) }, dot(people[id].hop), el("span", { class: "said" }, clipped(people[id].text, 400)), el("small", {}, `hop ${people[id].hop}`));
  const list = el("ol", { class: "chain" }, el("li", {}, card(from)), steps.map((step) => {
    const [before, name, after] = joint(step.relation, step.outward);
    return el("li", {}, el("p", { class: "joint" }, before, el("b", {}, name), after), card(step.target));
  }));
  const sentence = [brief(people[from].text, 60), ...steps.flatMap((step) => [step.outward ? step.relation : `${step.relation} (of)`, brief(people[step.target].text, 60)])].join(" → ");
  return [panel(`${plural(steps.length, "step")}`, list, el("p", { class: "soft sentence" }, sentence))];
}

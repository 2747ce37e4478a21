// People, by words or by meaning, by hop, and in the order that one likes.
import { ask } from "./api.js";
import { address, chip, dot, el, empty, number, pager, pastEnd, personRow, plural } from "./dom.js";

export async function peoplePage({ params, signal, busy }) {
  const { q = "", hop = "", order = "", by = "", cast = "" } = params, page = Number(params.page) || 1;
  const meaning = by === "meaning" && q.trim() !== "";
  const asked = meaning ? ask(["find"], { q }, signal) : ask(["people"], { q, hop, order, cast, page }, signal);
  if (meaning) {
    const patience = setTimeout(() => busy("The first search by meaning reads everybody's description; of 100,000 people that takes some ten seconds …"), 1500);
    signal.addEventListener("abort", () => clearTimeout(patience));
  }
  const [found, { counts, hops }] = await Promise.all([asked, ask(["now"], {}, signal)]);
  const to = (changes) => address(["people"], { q, hop, order, by, cast, ...changes });
  const title = meaning ? `Nearest in meaning to “${q}”` : q ? `People with “${q}”` : "People";
  const list = el("ul", { class: "people panel" }, found.people.map((person) =>
    meaning ? personRow(person, el("b", { class: "score" }, person.score.toFixed(2))) : personRow(person)));
  const none = found.total ? pastEnd(to({ page: "" })) : counts.personas
    ? empty(q ? "Nobody's text holds all of these words. " : "Nobody is of this sort. ", q && !meaning ? el("a", { href: to({ by: "meaning", page: "" }) }, "Look for their meaning instead") : null)
    : empty("There are no people in this run yet.");
  return {
    title,
    parts: [
      el("header", { class: "head" }, el("h1", {}, title), meaning ? null : el("p", { class: "soft" }, plural(found.total, "person", "people"))),
      form({ q, by, hop, order, cast }, counts),
      meaning ? null : el("div", { class: "chips", role: "group", "aria-label": "Hop" },
        chip("all", { href: to({ hop: "", page: "" }), pressed: hop === "" }),
        Object.entries(hops).map(([value, count]) => chip(`hop ${value}`, { href: to({ hop: value, page: "" }), pressed: hop === value, count, mark: dot(value) })),
        counts.cast ? chip("the cast", { href: to({ cast: cast ? "" : "true", page: "" }), pressed: cast === "true", count: counts.cast }) : null,
        el("span", { class: "gap" }),
        chip("as admitted", { href: to({ order: "", page: "" }), pressed: order !== "relations" }),
        chip("most relations first", { href: to({ order: "relations", page: "" }), pressed: order === "relations" })),
      found.people.length ? list : none,
      meaning || !found.people.length ? null : pager(found, (target) => to({ page: target })),
    ],
  };
}

function form({ q, by, hop, order, cast }, counts) {
  const field = el("input", { type: "search", name: "q", value: q, placeholder: "Words of a description, or the beginning of an id", "aria-label": "Words", autocomplete: "off" });
  const go = (way) => { location.hash = address(["people"], { q: field.value.trim(), by: way, hop, order, cast }); };
  const button = (words, way, title) => el("button", { class: `button ${by === way ? "on" : ""}`, type: way ? "button" : "submit", title, onclick: way ? () => go(way) : null }, words);
  const wait = counts.personas > 20000 ? ` The first such search reads all ${number(counts.personas)} descriptions, which takes a while.` : "";
  return el("form", { class: "searching", onsubmit: (event) => { event.preventDefault(); go(""); } }, field,
    button("By words", "", "Everybody whose text holds all of the words"),
    button("By meaning", "meaning", `Who is nearest in meaning.${wait}`));
}

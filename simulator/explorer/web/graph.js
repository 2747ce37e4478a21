// The relationship graph around one person, drawn ring by ring.
import { ask } from "./api.js";
import { address, brief, chip, dot, el, empty, joint, number, personLink, personRow, plural } from "./dom.js";
import { picture } from "./picture.js";

const HOPS = [1, 2, 3, 4, 5, 6], ROOMS = [60, 150, 300, 600], USUAL = 150;

export async function graphPage({ id, params, signal }) {
  if (id === undefined) return await choosePage(signal);
  const hops = Number(params.hops) || 2, most = Number(params.most) || USUAL;
  const box = await graphBox({ id, hops, most, signal, place: (who, far, room) => address(["graph", who], { hops: far === 2 ? "" : far, most: room === USUAL ? "" : room }) });
  return { title: `Around ${brief(box.centre.text, 40)}`, parts: [box.element], shown: box.shown, wide: true };
}

async function choosePage(signal) {
  const { central } = await ask(["figures"], {}, signal);
  const list = el("ul", { class: "people panel" }, central.map((person) => {
    const row = personRow(person);
    row.firstChild.setAttribute("href", address(["graph", person.id]));
    return row;
  }));
  const parts = [el("header", { class: "head" }, el("h1", {}, "The graph around a person"), el("p", { class: "soft" }, "These have the most relations. Search for anybody else above, and open the graph from there."))];
  return { title: "Graph", parts: [...parts, central.length ? list : empty("There are no relations in this run yet.")] };
}

// The picture with what belongs to it. `place` makes the address of the same around somebody, with hops and room.
export async function graphBox({ id, hops, most = USUAL, signal, place, compact = false }) {
  const found = await ask(["person", id, "around"], { hops, most }, signal);
  const centre = found.people[found.centre];
  const about = el("aside", { class: "about", "aria-live": "polite" });
  const drawn = picture(found, {
    go: (person) => { location.hash = place(person.id, hops, most); },
    look: (at) => about.replaceChildren(...told(found, at, drawn)),
  });
  const far = el("div", { class: "chips", role: "group", "aria-label": "Steps away" }, el("span", { class: "soft" }, "steps"),
    HOPS.map((value) => chip(String(value), { href: place(centre.id, value, most), pressed: value === hops })));
  const kinds = kindChips(found, drawn);
  const zoom = el("div", { class: "zoom", role: "group", "aria-label": "Zoom" }, [["+", "Closer", () => drawn.zoom(1.35)], ["−", "Farther", () => drawn.zoom(1 / 1.35)], ["⤢", "Show all", () => drawn.fit()]].map(
    ([sign, words, onclick]) => el("button", { type: "button", title: words, "aria-label": words, onclick }, sign)));
  const stage = el("div", { class: "stage" }, drawn.element, zoom);
  const element = el("section", { class: compact ? "panel graph compact" : "graph", "aria-label": "Graph" },
    el("div", { class: "tools" }, far, compact ? null : kinds), stage, compact ? null : about, rest(found, compact ? null : (room) => place(centre.id, hops, room), most));
  return { element, centre, shown: () => { drawn.shown(); about.replaceChildren(...told(found, -1, drawn)); } };
}

function kindChips(found, drawn) {
  const counts = {};
  for (const { kind } of found.relations) counts[kind] = (counts[kind] || 0) + 1;
  const hidden = new Set();
  const button = ([kind, count]) => {
    const made = chip(kind, { pressed: true, count, onclick: () => {
      if (!hidden.delete(kind)) hidden.add(kind);
      made.setAttribute("aria-pressed", String(!hidden.has(kind)));
      drawn.hide(hidden);
    } });
    return made;
  };
  return el("div", { class: "chips", role: "group", "aria-label": "Kinds of relation" }, Object.entries(counts).sort((a, b) => b[1] - a[1]).map(button));
}

// How many of each ring are shown, and how many have no room.
function rest(found, more, most) {
  const told_ = found.rings.slice(1).map(({ distance, personas, shown }) => `${plural(distance, "step")}: ${shown === personas ? number(personas) : `${number(shown)} of ${number(personas)}`}`);
  const left = found.rings.reduce((sum, { personas, shown }) => sum + personas - shown, 0);
  const rooms = more && left ? ROOMS.filter((room) => room > most).map((room) => chip(`up to ${room}`, { href: more(room) })) : [];
  return el("p", { class: "rest soft" }, told_.join(" · "), left ? el("b", {}, ` · ${number(left)} more have no room here `) : null, rooms.length ? ["show ", rooms] : null,
    found.relations_left ? ` · ${number(found.relations_left)} more relations between them` : null);
}

// Who is looked at, how the one in the middle comes to them, and whom they know here.
function told(found, at, drawn) {
  const place = at < 0 ? found.centre : at, person = found.people[place];
  const chain = drawn.way(place).map(({ relation, outward, to }) => {
    const [before, name, after] = joint(relation, outward);
    return el("li", {}, el("small", {}, before), el("b", {}, name), el("small", {}, after), " ", brief(found.people[to].text, 60));
  });
  const near = drawn.known(place), hiddenOnes = person.relations - near.length;
  return [
    el("h2", {}, person.text),
    el("p", { class: "tags" }, chip(`hop ${person.hop}`, { mark: dot(person.hop) }), plural(person.relations, "relation"), hiddenOnes > 0 ? el("span", { class: "soft" }, `${number(hiddenOnes)} of them not shown`) : null),
    el("p", {}, el("a", { class: "button", href: personLink(person.id) }, "Read more"), " ", place === found.centre ? null : el("a", { class: "button", href: address(["path"], { a: found.people[found.centre].id, b: person.id }) }, "Path")),
    chain.length ? el("section", {}, el("h3", {}, "From the middle"), el("ol", { class: "way" }, chain)) : "",
    near.length ? el("section", {}, el("h3", {}, "Relations shown"), el("ul", { class: "near" }, near.slice(0, 30).map(({ relation, outward, other }) =>
      el("li", {}, el("a", { class: "row", href: address(["graph", found.people[other].id]) }, dot(found.people[other].hop), el("span", { class: "said" }, el("b", {}, outward ? relation : `is the ${relation} of`), " ", brief(found.people[other].text, 70))))))) : "",
  ];
}


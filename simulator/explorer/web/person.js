// One person: the text, where it comes from, who is near, what it made, and what was taken for it.
import { ask } from "./api.js";
import { address, brief, chip, dot, el, facts, number, panel, personLink, plural } from "./dom.js";
import { graphBox } from "./graph.js";
import { instructionItem, npcCard, problemItem, textItem, toolItem } from "./products.js";
import { talkItem } from "./talks.js";
import { rejectionItem } from "./evidence.js";

const MADE = [
  ["instruction", "instructions", "Asks", instructionItem], ["conversation", "conversations", "Conversations", talkItem],
  ["npc", "npcs", "As a character", npcCard], ["tool", "tools", "Tools", toolItem],
  ["problem", "problems", "Poses", problemItem], ["text", "texts", "Writes", textItem],
];

export async function personPage({ id, params, signal }) {
  const found = await ask(["person", id], {}, signal), { persona, relations } = found;
  const hops = Number(params.hops) || 2;
  const graph = relations.total ? await graphBox({ id: persona.id, hops, signal, place: (who, far) => address(["person", who], { hops: far === 2 ? "" : far }), compact: true }) : null;
  const made = el("div", { class: "stacked mine" });
  const parts = [
    el("article", { class: "person" }, el("h1", { class: persona.text.length > 300 ? "long" : null }, persona.text), tags(found), provenance(found)),
    el("div", { class: relations.total ? "beside" : "" }, relationPanel(persona, relations), graph?.element),
    made,
  ];
  const shown = () => {
    graph?.shown();
    fill(made, found, signal);
  };
  return { title: brief(persona.text, 50), parts, shown };
}

function tags({ persona, in_cast, relations }) {
  return el("p", { class: "tags" }, chip(`hop ${persona.hop}`, { mark: dot(persona.hop) }), in_cast ? chip("in the cast") : null,
    chip(plural(relations.total, "relation")), el("code", {}, persona.id), el("span", { class: "gap" }),
    relations.total ? el("a", { class: "button", href: address(["graph", persona.id]) }, "Graph") : null,
    relations.total ? el("a", { class: "button", href: address(["path"], { a: persona.id }) }, "Path to …") : null);
}

function provenance({ persona, source, unit }) {
  const asked = persona.question ? ["who would ", el("b", {}, persona.question), " it?"] : null;
  const from = {
    text: () => ["the text ", el("b", {}, source.name || source.id)],
    persona: () => [el("a", { href: personLink(source.id) }, source.text || source.id)],
    import: () => ["the file ", el("b", {}, source.id)],
  }[source.kind]();
  return el("div", { class: "provenance" },
    facts([["comes from", from], ["asked", asked], ...Object.entries(persona.attributes)]),
    source.kind === "text" && source.text ? el("details", {}, el("summary", {}, "Read the text"), el("blockquote", {}, source.text)) : null,
    unit ? unitDetails(unit) : null);
}

function unitDetails(unit) {
  const drafts = unit.rejected.map(({ flaw, message, raw }) => el("li", {}, chip(flaw.replaceAll("_", " ")), " ", el("span", { class: "soft" }, message), raw ? el("pre", {}, raw) : null));
  return el("details", {}, el("summary", {}, `How it was made${drafts.length ? `; ${plural(drafts.length, "draft")} turned down` : ""}`),
    facts([["unit", el("code", {}, unit.id)], ["stage", unit.stage], ["role", unit.role], ["seed", number(unit.seed)], ["score", unit.score === null ? null : unit.score.toFixed(3)]]),
    drafts.length ? el("ul", { class: "drafts" }, drafts) : null);
}

function relationPanel(persona, first) {
  const out = el("ul", { class: "people" }), back = el("ul", { class: "people" });
  const outBox = el("section", {}, el("h3", {}, "Whose … is"), out), backBox = el("section", {}, el("h3", {}, "Who is the … of"), back);
  const more = el("button", { class: "button", type: "button" });
  let shown = 0, page = 1;
  function take(rows) {
    for (const one of rows) {
      (one.outward ? out : back).append(el("li", {}, el("a", { class: "row", href: personLink(one.id) }, dot(one.hop),
        el("span", { class: "said" }, el("b", {}, one.relation), " ", el("small", {}, one.kind), el("br"), one.text))));
    }
    shown += rows.length;
    outBox.hidden = !out.children.length;
    backBox.hidden = !back.children.length;
    more.hidden = shown >= first.total;
    more.textContent = `${number(first.total - shown)} more`;
  }
  more.addEventListener("click", async () => {
    more.disabled = true;
    try { take((await ask(["person", persona.id, "relations"], { page: (page += 1) })).relations); } finally { more.disabled = false; }
  });
  take(first.relations);
  return first.total ? panel("Relations", outBox, backBox, more) : el("p", { class: "soft" }, "No relations lead to or from this person.");
}

// What they made comes after the page is there: of most people there is little.
async function fill(box, { persona, duplicates }, signal) {
  for (const [, kind, title, item] of MADE) {
    const found = await ask([kind], { persona: persona.id }, signal).catch(() => null);
    if (!found || !found.records.length) continue;
    const all = found.total > found.records.length ? el("p", {}, el("a", { href: address([kind], { persona: persona.id }) }, `All ${number(found.total)}`)) : null;
    box.append(panel(title, el("ul", { class: kind === "npcs" ? "cards" : "items" }, found.records.map((one) => item(one, found.people))), all));
  }
  if (!duplicates) return;
  const found = await ask(["rejections"], { persona: persona.id }, signal).catch(() => null);
  if (!found) return;
  const all = found.total > found.records.length ? el("p", {}, el("a", { href: address(["rejected"], { persona: persona.id }) }, `All ${number(found.total)}`)) : null;
  box.append(panel(`Taken for this person: ${plural(found.total, "duplicate")}`, el("ul", { class: "items" }, found.records.map((one) => rejectionItem(one, found.people, { survivor: false }))), all));
}


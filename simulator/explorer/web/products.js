// Instructions, characters, tools, problems and texts.
import { ask } from "./api.js";
import { address, chip, clipped, el, empty, facts, named, number, pager, panel, pastEnd, percent, plural } from "./dom.js";

function listPage(kind, title, item, shape = "items panel") {
  return async ({ params, signal }) => {
    const { persona = "" } = params, page = Number(params.page) || 1;
    const found = await ask([kind], { persona, page }, signal);
    const list = el("ul", { class: shape }, found.records.map((one) => item(one, found.people)));
    return {
      title,
      parts: [
        el("header", { class: "head" }, el("h1", {}, title), el("p", { class: "soft" }, number(found.total), persona ? " of one person" : "")),
        found.records.length ? list : found.total ? pastEnd(address([kind], { persona })) : empty("There are none yet."),
        pager(found, (target) => address([kind], { persona, page: target })),
      ],
    };
  };
}

const of = (one, people) => el("span", { class: "who" }, named(one.persona, people));
export const instructionItem = (one, people) => el("li", { class: "item", id: one.id }, of(one, people), el("span", { class: "said" }, one.text));
export const problemItem = (one, people) => el("li", { class: "item", id: one.id }, of(one, people), el("span", { class: "said" }, one.text), el("span", { class: "tags" }, chip(one.subject)), solution(one.solution));
const solution = (one) => (one ? el("details", {}, el("summary", {}, "Solution: ", el("b", {}, clipped(one.answer, 80)), one.agreement === null ? "" : `, on which ${percent(one.agreement)} of the tries agree`), el("blockquote", {}, one.steps)) : null);
export const textItem = (one, people) => el("li", { class: "item", id: one.id }, of(one, people), el("b", {}, one.title), el("span", { class: "said" }, one.text), el("span", { class: "tags" }, chip(one.kind)));

const place = (one) => [one.race, one.occupation].filter(Boolean).join(" ");

export function npcCard(one) {
  return el("li", {}, el("a", { class: "card", href: address(["npcs", one.id]) }, el("b", {}, one.name), el("span", { class: "soft" }, place(one), one.faction ? `, ${one.faction}` : ""),
    one.greeting ? el("q", {}, clipped(one.greeting, 160)) : null, one.quest ? el("span", { class: "quest" }, clipped(one.quest, 160)) : null,
    el("small", {}, one.place ? `${one.place} · ` : "", one.world)));
}

export function toolItem(one) {
  return el("li", {}, el("a", { class: "item", href: address(["tools", one.id]) }, signature(one), el("span", { class: "said" }, one.description),
    el("span", { class: "tags" }, chip(`asked for by ${number(one.personas.length)}`), one.effect ? chip(one.effect) : null, one.examples.length ? chip(plural(one.examples.length, "example")) : null)));
}

function signature({ name, parameters }) {
  const told = parameters.flatMap((one, number_) => [number_ ? ", " : "", one.name, el("i", {}, `: ${one.type}${one.required ? "" : "?"}`)]);
  return el("code", { class: "signature" }, el("b", {}, name), "(", told, ")");
}

export const instructionsPage = listPage("instructions", "Instructions", instructionItem);
export const problemsPage = listPage("problems", "Problems", problemItem);
export const textsPage = listPage("texts", "Texts", textItem);
export const npcsPage = listPage("npcs", "Characters", npcCard, "cards");
export const toolsPage = listPage("tools", "Tools", toolItem);

export async function npcPage({ id, signal }) {
  const { record: one, people } = await ask(["npcs", id], {}, signal);
  const steps = one.steps.map((step) => el("li", {}, step.action === "get" ? `get ${step.thing} at ${step.place}` : [`bring it to `, receiver(step, one), ` at ${step.place}`]));
  const said = (value) => (typeof value === "boolean" ? (value ? "yes" : "no") : String(value));
  return {
    title: one.name,
    parts: [
      el("article", { class: "sheet" },
        el("header", {}, el("h1", {}, one.name), el("p", { class: "soft" }, place(one), one.faction ? `, ${one.faction}` : "", one.place ? ` · ${one.place}` : "")),
        one.greeting ? el("blockquote", {}, one.greeting, one.lines.map((line) => el("p", {}, line))) : null,
        facts([["appearance", one.appearance], ["personality", one.personality], ["background", one.background], ["voice", one.voice],
          ...Object.entries(one.fields).map(([name, value]) => [name.replaceAll("_", " "), said(value)]), ["meeting", one.meeting]]),
        one.quest ? el("section", {}, el("h2", {}, "Quest"), el("p", {}, one.quest), steps.length ? el("ol", {}, steps) : null, one.reward ? el("p", { class: "soft" }, `Reward: ${one.reward}`) : null) : null,
        one.ties.length ? el("section", {}, el("h2", {}, "Knows"), el("ul", {}, one.ties.map((tie) => el("li", {}, el("a", { href: address(["npcs", tie.npc]) }, tie.name), `, ${tie.relation}`)))) : null,
        el("footer", { class: "soft" }, "made of ", named(one.persona, people, 300), " · ", one.world, " · ", el("code", {}, one.id))),
    ],
  };
}

function receiver(step, one) {
  if (step.to === one.id || !step.to) return one.name;
  return el("a", { href: address(["npcs", step.to]) }, one.ties.find((tie) => tie.npc === step.to)?.name || step.to);
}

export async function toolPage({ id, signal }) {
  const { record: one, people } = await ask(["tools", id], {}, signal);
  const bounds = (field) => [field.enum?.length ? `one of ${field.enum.join(", ")}` : "", field.minimum !== undefined ? `from ${field.minimum}` : "", field.maximum !== undefined ? `to ${field.maximum}` : "", field.pattern || "", field.format || ""].filter(Boolean).join(" · ");
  const fields = (title, rows) => (rows.length ? panel(title, el("div", { class: "scroll" }, el("table", {}, el("tbody", {}, rows.map((field) =>
    el("tr", {}, el("th", { scope: "row" }, el("code", {}, field.name)), el("td", {}, field.type, field.items ? ` of ${field.items}` : "", field.required === false ? el("small", {}, " optional") : null), el("td", {}, field.description, bounds(field) ? el("small", { class: "soft" }, ` ${bounds(field)}`) : null)))))))
    : null);
  const example = ({ query, arguments: given, result }) => el("li", { class: "item" }, el("span", { class: "said" }, query), el("pre", {}, JSON.stringify(given, null, 2)), Object.keys(result).length ? el("pre", {}, JSON.stringify(result, null, 2)) : null);
  return {
    title: one.name,
    parts: [
      el("header", { class: "head" }, el("div", {}, el("h1", {}, signature(one)), el("p", { class: "lead" }, one.description))),
      panel("", facts([["id", el("code", {}, one.id)], ["returns", one.returns], ["effect", one.effect, one.changes ? ` (${one.changes})` : ""],
        ["needs", one.dependencies.join(", ")], ["made by rule", one.derived.join(", ")], ...one.errors.map(({ code, when }) => ["error", el("code", {}, code), ` ${when}`])])),
      fields("Arguments", one.parameters), fields(one.many ? "Rows that come back" : "What comes back", one.result),
      one.examples.length ? panel("Worked examples", el("ul", { class: "items" }, one.examples.map(example))) : null,
      panel("Asked for by", el("ul", { class: "plain" }, one.personas.slice(0, 50).map((who) => el("li", {}, named(who, people, 200)))), one.personas.length > 50 ? el("p", { class: "soft" }, `and ${number(one.personas.length - 50)} more`) : null),
      panel("JSON Schema of the arguments", el("pre", {}, JSON.stringify(one.schema, null, 2))),
      one.code ? panel("Code", el("pre", {}, one.code.source)) : null,
    ],
  };
}

// What was turned down as a duplicate or for a flaw, beside what it was taken for; and what failed, with the raw reply.
import { ask } from "./api.js";
import { address, chip, el, empty, named, number, pager, pastEnd } from "./dom.js";

const words = (name) => name.replaceAll("_", " ");
const tokens = (text) => new Set((text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) || []));

// The text with what the other one has not: the words that keep the two from being the same.
function against(text, other) {
  if (other === undefined) return [text];
  const known = tokens(other);
  return text.split(/([\p{L}\p{N}_]+)/u).map((part, place) => (place % 2 && !known.has(part.toLowerCase()) ? el("mark", {}, part) : part)).filter((part) => part !== "");
}

export function rejectionItem(one, people, { survivor = true } = {}) {
  const other = one.survivor ? people[one.survivor] : undefined;
  const score = one.score === null ? null : el("b", { class: "score", title: { exact: "the same text", minhash: "Jaccard similarity of the sets of words", embedding: "cosine of the embeddings" }[one.stage] }, one.score.toFixed(3));
  const kept = one.survivor ? (one.subject === "persona" ? named(one.survivor, people, 100000) : el("span", {}, other ?? el("code", {}, one.survivor))) : null;
  return el("li", { class: "item rejection" },
    el("span", { class: "tags" }, chip(one.subject), chip(one.stage || "other"), score, one.survivor ? null : el("span", { class: "soft" }, one.reason)),
    el("div", { class: survivor && one.survivor ? "versus" : "" }, el("div", {}, el("small", {}, "turned down"), el("p", {}, against(one.text, other))),
      survivor && one.survivor ? el("div", {}, el("small", {}, "stays"), el("p", {}, kept)) : null));
}

export async function rejectionsPage({ params, signal }) {
  const { subject = "", stage = "", persona = "" } = params, page = Number(params.page) || 1;
  const found = await ask(["rejections"], { subject, stage, persona, page }, signal);
  const to = (changes) => address(["rejected"], { subject, stage, persona, ...changes });
  return {
    title: "Rejected",
    parts: [
      el("header", { class: "head" }, el("h1", {}, "Rejected"), el("p", { class: "soft" }, number(found.total), persona ? " as one person" : "")),
      el("div", { class: "chips", role: "group", "aria-label": "Kind and stage" }, chip("all", { href: to({ subject: "", stage: "" }), pressed: !subject && !stage }),
        found.groups.map(({ of, why, count }) => chip(`${of}: ${why}`, { href: to({ subject: of, stage: why }), pressed: of === subject && why === stage, count }))),
      found.records.length ? el("ul", { class: "items panel" }, found.records.map((one) => rejectionItem(one, found.people))) : found.total ? pastEnd(to({})) : empty("Nothing was rejected."),
      pager(found, (target) => to({ page: target })),
    ],
  };
}

export async function failuresPage({ params, signal }) {
  const { role = "", cause = "" } = params, page = Number(params.page) || 1;
  const found = await ask(["failures"], { role, cause, page }, signal);
  const to = (changes) => address(["failed"], { role, cause, ...changes });
  const item = (one) => el("li", { class: "item" },
    el("span", { class: "tags" }, chip(one.role || "input"), chip(one.stage), chip(words(one.cause)), one.attempts ? chip(`${number(one.attempts)} attempts`) : null, el("code", {}, one.unit)),
    el("p", { class: "said" }, one.message),
    one.raw ? el("details", {}, el("summary", {}, "Raw reply"), el("pre", {}, one.raw)) : null);
  return {
    title: "Failed",
    parts: [
      el("header", { class: "head" }, el("h1", {}, "Failed"), el("p", { class: "soft" }, number(found.total))),
      el("div", { class: "chips", role: "group", "aria-label": "Role and cause" }, chip("all", { href: to({ role: "", cause: "" }), pressed: !role && !cause }),
        found.groups.map(({ of, why, count }) => chip(`${of || "input"}: ${words(why)}`, { href: to({ role: of, cause: why }), pressed: of === role && why === cause, count }))),
      found.records.length ? el("ul", { class: "items panel" }, found.records.map(item)) : found.total ? pastEnd(to({})) : empty("Nothing failed."),
      pager(found, (target) => to({ page: target })),
    ],
  };
}

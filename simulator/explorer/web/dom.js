// Elements, and how numbers and people are written. A text gets into the page as a text node, never as markup.

const SVG = "http://www.w3.org/2000/svg";

// Control characters, and what turns the direction of writing (it can make one text look like another), as signs.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function visible(text) {
  return text.replace(/\r\n/g, "\n").replace(UNSEEN, (letter) => {
    const code = letter.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "␡" : `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
  });
}

function filled(made, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : name === "title" || name === "aria-label" ? visible(value) : value);
  }
  const given = children.flat(2).filter((child) => child !== null && child !== undefined && child !== false && child !== "");
  made.append(...given.map((child) => (typeof child === "string" ? visible(child) : child)));
  return made;
}

export const el = (tag, props, ...children) => filled(document.createElement(tag), props, children);
export const svg = (tag, props, ...children) => filled(document.createElementNS(SVG, tag), props, children);

export const number = (value) => value.toLocaleString("en");
// A share that is neither none nor all is not rounded to one of them.
export const percent = (share) => {
  const whole = Math.round(share * 100);
  return share > 0 && whole === 0 ? "under 1 %" : share < 1 && whole === 100 ? "over 99 %" : `${whole} %`;
};
export const plural = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

export function clipped(text, most) {
  const letters = Array.from(text);
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join("").trimEnd()}…`;
}

// The first words of a description, cut where the sentence turns to details.
export function brief(text, most = 34) {
  const head = visible(text).replace(/^\s*(an?|the|this)\s+/i, "").split(/\s+(?:who|whose|which|that|from|in|at|near|with)\s+|[,;:.(]/)[0].trim();
  return clipped(head || text, most);
}

export const joint = (relation, outward) => (outward ? ["whose ", relation, " is"] : ["who is the ", relation, " of"]);

export const dot = (hop) => el("i", { class: `dot hop${hop}`, title: `hop ${hop}`, "aria-hidden": "true" });

export function address(path, params = {}) {
  const wanted = Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(wanted).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`;
}

export const personLink = (id) => address(["person", id]);

// Who an id is: a link with the text, or the id where nobody is known by it.
export function named(id, people, most = 140) {
  const text = people[id];
  return text === undefined ? el("code", {}, id) : el("a", { href: personLink(id), title: text }, clipped(text, most));
}

export function personRow(person, ...more) {
  return el(
    "li", {},
    el("a", { class: "row", href: personLink(person.id) }, dot(person.hop), el("span", { class: "said" }, person.text),
      el("small", {}, ...(more.length ? more : [plural(person.relations, "relation")]))),
  );
}

export function bar(value, most, tone = "") {
  const made = el("span", { class: `bar ${tone}`, "aria-hidden": "true" }, el("i"));
  made.firstChild.style.width = `${most ? Math.max(value ? 1.5 : 0, (100 * value) / most) : 0}%`;
  return made;
}

export function chip(words, { href, pressed, count, mark, onclick } = {}) {
  const parts = [mark, words, count === undefined ? null : el("small", {}, number(count))];
  if (href) return el("a", { class: "chip", href, "aria-current": pressed ? "true" : null }, ...parts);
  if (onclick) return el("button", { class: "chip", type: "button", "aria-pressed": String(Boolean(pressed)), onclick }, ...parts);
  return el("span", { class: "chip" }, ...parts);
}

export function facts(pairs) {
  const made = el("dl", { class: "facts" });
  for (const [name, ...value] of pairs) {
    const told = value.flat().filter((part) => part !== null && part !== undefined && part !== "");
    if (told.length) made.append(el("dt", {}, name), el("dd", {}, ...told));
  }
  return made.children.length ? made : null;
}

export const panel = (title, ...children) => el("section", { class: "panel" }, title ? el("h2", {}, title) : null, ...children);

export const empty = (...words) => el("p", { class: "empty" }, ...words);

export const pastEnd = (first) => empty("The list ends before this page. ", el("a", { href: first }, "Go to the first one"));

// Earlier and later pages of a list; `to` makes the address of a page.
export function pager({ total, page, size }, to) {
  const pages = Math.ceil(total / size);
  if (pages <= 1) return null;
  const step = (target, words, rel) =>
    target < 1 || target > pages ? el("span", { class: "button off" }, words) : el("a", { class: "button", href: to(target), rel }, words);
  const some = `${number((page - 1) * size + 1)} to ${number(Math.min(total, page * size))} of ${number(total)}`;
  return el("nav", { class: "pager", "aria-label": "Pages" }, step(page - 1, "← Earlier", "prev"), el("span", {}, some), step(page + 1, "Later →", "next"));
}

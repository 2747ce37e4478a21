// A field in which a person is looked for by words; what fits is listed below it while one types.
import { ask } from "./api.js";
import { clipped, dot, el, number } from "./dom.js";

const MOST = 8, WAIT = 120;
let made = 0;

export function picker({ label, placeholder, value = "", onpick, onenter }) {
  const id = `picker-${(made += 1)}`;
  const list = el("ul", { id, class: "found", role: "listbox", "aria-label": "People found", hidden: true });
  const field = el("input", {
    type: "search", placeholder, "aria-label": label, autocomplete: "off", spellcheck: "false",
    role: "combobox", "aria-controls": id, "aria-expanded": "false", value,
  });
  let people = [], at = -1, timer = 0, asking = null;

  function close() {
    list.hidden = true;
    at = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }
  function pick(person) {
    field.value = person.text;
    close();
    onpick(person);
  }
  function mark(place) {
    at = place;
    [...list.querySelectorAll("[role=option]")].forEach((option, number) => option.setAttribute("aria-selected", String(number === at)));
    if (at >= 0) field.setAttribute("aria-activedescendant", `${id}-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  }
  function show(total) {
    const options = people.map((person, place) =>
      el("li", { id: `${id}-${place}`, role: "option", "aria-selected": "false", onpointerdown: (event) => { event.preventDefault(); pick(person); } },
        dot(person.hop), el("span", {}, clipped(person.text, 160))));
    const rest = total > people.length ? [el("li", { class: "rest" }, `and ${number(total - people.length)} more: add a word`)] : [];
    list.replaceChildren(...options, ...(people.length ? rest : [el("li", { class: "rest" }, "Nobody's text holds these words.")]));
    list.hidden = false;
    at = -1;
    field.setAttribute("aria-expanded", "true");
  }
  async function search() {
    asking?.abort();
    asking = new AbortController();
    const words = field.value.trim();
    if (!words) { close(); return; }
    try {
      const answer = await ask(["people"], { q: words }, asking.signal);
      people = answer.people.slice(0, MOST);
      if (document.activeElement === field) show(answer.total);
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  }
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, WAIT); });
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && !list.hidden) { event.preventDefault(); mark(Math.min(at + 1, people.length - 1)); }
    else if (event.key === "ArrowUp" && !list.hidden) { event.preventDefault(); mark(Math.max(at - 1, -1)); }
    else if (event.key === "Escape") { if (list.hidden) field.blur(); else close(); }
    else if (event.key === "Enter") {
      event.preventDefault();
      clearTimeout(timer);
      if (at >= 0) pick(people[at]);
      else if (field.value.trim()) { close(); onenter(field.value.trim()); }
    }
  });
  return { element: el("div", { class: "picker" }, field, list), field };
}

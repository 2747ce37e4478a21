// The frame: which address shows what, the parts that the run has, the search above.
import { ask } from "./api.js";
import { address, el, empty, number, personLink } from "./dom.js";
import { picker } from "./picker.js";
import { overviewPage } from "./overview.js";
import { peoplePage } from "./people.js";
import { personPage } from "./person.js";
import { graphPage } from "./graph.js";
import { pathPage } from "./path.js";
import { conversationPage, conversationsPage } from "./talks.js";
import { instructionsPage, npcPage, npcsPage, problemsPage, textsPage, toolPage, toolsPage } from "./products.js";
import { failuresPage, rejectionsPage } from "./evidence.js";

const main = document.getElementById("main");

const PARTS = [
  // The address, its name in the bar, and the count that it needs to be there.
  ["", "Overview", null],
  ["people", "People", null],
  ["graph", "Graph", "relations"],
  ["path", "Path", "relations"],
  ["instructions", "Instructions", "instructions"],
  ["conversations", "Conversations", "conversations"],
  ["npcs", "NPCs", "npcs"],
  ["tools", "Tools", "tools"],
  ["problems", "Problems", "problems"],
  ["texts", "Texts", "texts"],
  ["rejected", "Rejected", "rejections"],
  ["failed", "Failed", "failures"],
];
const LISTS = {
  "": overviewPage, people: peoplePage, graph: graphPage, path: pathPage, instructions: instructionsPage,
  conversations: conversationsPage, npcs: npcsPage, tools: toolsPage, problems: problemsPage, texts: textsPage,
  rejected: rejectionsPage, failed: failuresPage,
};
const SINGLES = { person: personPage, graph: graphPage, conversations: conversationPage, npcs: npcPage, tools: toolPage };

let counts = {}, showing = null;

function place() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  let parts;
  try {
    parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    parts = [path];
  }
  return { parts, params: Object.fromEntries(new URLSearchParams(query)) };
}

function drawNav(current) {
  const here = { person: "people" }[current] || current;
  const links = PARTS.filter(([name, , needed]) => needed === null || counts[needed] || name === here).map(([name, title, needed]) => {
    const count = ["relations", null].includes(needed) ? null : el("small", {}, number(counts[needed] || 0));
    return el("a", { href: address(name ? [name] : []), "aria-current": name === here ? "page" : null }, title, count);
  });
  const nav = document.getElementById("nav"), left = nav.scrollLeft;
  nav.replaceChildren(...links);
  nav.scrollLeft = left;
  const current_ = nav.querySelector("[aria-current]");
  if (current_ && (current_.offsetLeft < nav.scrollLeft || current_.offsetLeft + current_.offsetWidth > nav.scrollLeft + nav.clientWidth)) {
    nav.scrollLeft = current_.offsetLeft - 16;
  }
}

function told(error) {
  return el("section", { class: "panel error", role: "alert" }, el("h2", {}, "That cannot be shown"), el("p", {}, error.message),
    (error.notes || []).length ? el("pre", {}, error.notes.join("\n")) : null,
    el("p", {}, el("a", { class: "button", href: "#/" }, "To the overview"), " ", el("button", { class: "button", type: "button", onclick: show }, "Try again")));
}

async function show() {
  showing?.abort();
  const mine = (showing = new AbortController());
  const { parts, params } = place(), [name = "", id] = parts;
  const page = id === undefined ? LISTS[name] : SINGLES[name];
  drawNav(name);
  const slow = setTimeout(() => main.replaceChildren(empty("Reading the run …")), 300);
  const busy = (words) => { if (!mine.signal.aborted && main.getAttribute("aria-busy") === "true") main.replaceChildren(empty(words)); };
  main.setAttribute("aria-busy", "true");
  try {
    if (!page) throw new Error("There is nothing at this address.");
    const made = await page({ id, params, signal: mine.signal, reload: show, learn, busy });
    if (mine.signal.aborted) return;
    main.className = made.wide ? "wide" : "";
    main.replaceChildren(...made.parts.filter(Boolean));
    document.title = `${made.title} · ${document.getElementById("run").textContent}`;
    made.shown?.();
  } catch (error) {
    if (mine.signal.aborted) return;
    main.className = "";
    main.replaceChildren(told(error));
  } finally {
    clearTimeout(slow);
    if (!mine.signal.aborted) main.setAttribute("aria-busy", "false");
  }
}

// What every page may know of the run.
function learn(overview) {
  counts = overview.counts;
  document.getElementById("run").textContent = overview.name;
  drawNav(place().parts[0] || "");
}

const search = picker({
  label: "Search people", placeholder: "Search people   /",
  onpick: (person) => { search.field.value = ""; location.hash = personLink(person.id); main.focus(); },
  onenter: (words) => { search.field.value = ""; location.hash = address(["people"], { q: words }); main.focus(); },
});
document.getElementById("search").append(search.element);
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) return;
  event.preventDefault();
  search.field.focus();
});
addEventListener("hashchange", () => { show().then(() => { if (document.activeElement === document.body) main.focus({ preventScroll: true }); }); scrollTo(0, 0); });
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });

show();
ask(["now"]).then(learn, () => {});

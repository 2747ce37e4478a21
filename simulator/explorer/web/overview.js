// The run at a glance.
import { ask } from "./api.js";
import { address, bar, chip, dot, el, empty, facts, number, panel, percent, personRow, plural } from "./dom.js";

const PATIENCE = 4000;  // milliseconds between two looks at whether the run has gone on

const STATES = { done: "done", stopped: "stopped when it last ended", failed: "failed when it last ended" };
const stageTitle = (stage) => stage.replace("expand-", "hop ");

export async function overviewPage({ signal, reload, learn }) {
  const start = performance.now();
  const run = await ask(["overview"], {}, signal);
  const quick = performance.now() - start < 400;
  learn(run);
  const graph = panel("The graph", empty("Counting …")), central = el("div", { hidden: true });
  const parts = [
    head(run), tiles(run.counts),
    run.test ? test(run.test) : null,
    run.counts.personas ? null : empty("There are no people in this run yet."),
    el("div", { class: "columns" },
      run.counts.personas ? el("div", { class: "stacked" }, hops(run), run.counts.relations ? graph : null, kinds(run)) : null,
      el("div", { class: "stacked" }, run.stages.length ? work(run) : null, central, rejected(run), failed(run))),
    usage(run),
  ];
  const shown = () => {
    if (run.counts.personas) ask(["figures"], {}, signal).then((found) => { graph.replaceWith(figures(found)); central.replaceWith(connected(found)); }, () => graph.remove());
    watch(run.stamp, quick, signal, reload);
  };
  return { title: "Overview", parts, shown };
}

// While a run goes on, the page goes along; where counting takes long, it waits to be asked.
function watch(stamp, quick, signal, reload) {
  const timer = setInterval(async () => {
    if (document.hidden) return;
    const now = await ask(["now"], {}, signal).catch(() => null);
    if (!now || now.stamp === stamp || signal.aborted) return;
    clearInterval(timer);
    if (quick) { const at = scrollY; await reload(); scrollTo(0, at); }
    else document.getElementById("gone-on")?.removeAttribute("hidden");
  }, PATIENCE);
  signal.addEventListener("abort", () => clearInterval(timer));
  document.getElementById("gone-on")?.addEventListener("click", reload);
}

function head(run) {
  const state = STATES[run.state] || "not ended yet";
  return el("header", { class: "head" },
    el("div", {}, el("h1", {}, run.name), run.description ? el("p", { class: "lead" }, run.description) : null, run.problem ? el("p", { class: "bad" }, run.problem) : null),
    el("p", { class: "soft" }, chip(state), " ", el("code", {}, run.directory), " ",
      el("button", { id: "gone-on", class: "button", type: "button", hidden: true }, "The run has gone on: count again")));
}

const TILES = [
  ["personas", "people", ["people"]], ["relations", "relations", ["graph"]], ["instructions", "instructions", ["instructions"]],
  ["conversations", "conversations", ["conversations"]], ["npcs", "NPCs", ["npcs"]], ["tools", "tools", ["tools"]],
  ["problems", "problems", ["problems"]], ["texts", "texts", ["texts"]], ["rejections", "rejected", ["rejected"]], ["failures", "failed", ["failed"]],
];

function tiles(counts) {
  const shown = TILES.filter(([key]) => counts[key] || key === "personas" || key === "relations");
  return el("ul", { class: "tiles" }, shown.map(([key, name, path]) =>
    el("li", {}, el("a", { href: address(path) }, el("b", {}, number(counts[key])), el("span", {}, name)))));
}

function hops(run) {
  const rows = Object.entries(run.hops), most = Math.max(...rows.map(([, count]) => count));
  const yields = Object.fromEntries(run.yields.hops.map((row) => [row.hop, row]));
  const table = el("table", { class: "bars" },
    el("thead", {}, el("tr", {}, el("th", {}, "hop"), el("th", {}), el("th", { class: "number" }, "people"), el("th", { class: "number", title: "New people a question" }, "yield"))),
    el("tbody", {}, rows.map(([hop, count]) => el("tr", {},
      el("th", { scope: "row" }, el("a", { href: address(["people"], { hop }) }, dot(hop), hop)),
      el("td", { class: "wide" }, bar(count, most, `hop${hop}`)),
      el("td", { class: "number" }, number(count)),
      el("td", { class: "number soft" }, yields[hop] ? percent(yields[hop].share) : "")))));
  return panel("People by hop", table, run.ended ? el("p", { class: "soft" }, `Expansion ended early: ${run.ended}.`) : null);
}

function work(run) {
  const sum = (counted) => Object.values(counted).reduce((all, count) => all + count, 0);
  const row = (stage) => {
    const rejected_ = sum(stage.rejected), failed_ = sum(stage.failed), share = (count) => `${(100 * count) / Math.max(1, stage.units)}%`;
    const whole = el("span", { class: "stack", "aria-hidden": "true" }, el("i", { class: "good" }), el("i", { class: "fair" }), el("i", { class: "bad" }));
    [stage.kept, rejected_, failed_].forEach((count, place) => { whole.children[place].style.width = share(count); });
    const drafts = sum(stage.drafts);
    return el("tr", {}, el("th", { scope: "row" }, stageTitle(stage.stage)), el("td", { class: "wide" }, whole),
      el("td", { class: "number" }, number(stage.units)), el("td", { class: "number" }, number(stage.kept)),
      el("td", { class: "number" }, rejected_ ? number(rejected_) : ""), el("td", { class: "number" }, failed_ ? number(failed_) : ""),
      el("td", { class: "number soft", title: Object.entries(stage.drafts).map(([flaw, count]) => `${flaw} ${count}`).join(", ") }, drafts ? number(drafts) : ""));
  };
  const heads = ["stage", "", "units", "kept", "rejected", "failed", "redrawn"];
  return panel("What became of the work", el("div", { class: "scroll" }, el("table", { class: "bars" },
    el("thead", {}, el("tr", {}, heads.map((name, place) => el("th", { class: place > 1 ? "number" : null, title: name === "redrawn" ? "Replies that a check turned down on the way" : null }, name)))),
    el("tbody", {}, run.stages.map(row)))));
}

// What a test of an assistant came to: rates with their intervals, and why conversations did not pass.
function test({ assistant, overall, situations, checks, causes, lost }) {
  const rates = (title, rows) => [el("h3", {}, title), el("table", { class: "bars" }, el("tbody", {}, Object.entries(rows).map(([name, rate]) => el("tr", {},
    el("th", { scope: "row" }, name || "no situation"), el("td", { class: "wide" }, bar(rate.passed, rate.total, "passed")), el("td", { class: "number" }, `${number(rate.passed)} of ${number(rate.total)}`)))))];
  const cause = ({ whose, what, conversations }) => el("li", {}, el("b", {}, number(conversations.length)), el("span", {}, what, " ", el("small", {}, whose), " ",
    el("a", { href: address(["conversations", conversations[0]]) }, "read one")));
  return panel(`Test of ${assistant}`,
    el("p", {}, el("b", {}, `${number(overall.passed)} of ${number(overall.total)} conversations passed`), ` (${percent(overall.rate)}; 95 % interval ${percent(overall.low)} to ${percent(overall.high)})`,
      lost ? el("span", { class: "soft" }, `; ${number(lost)} more were lost by the simulated user`) : null),
    el("div", { class: "columns" }, el("div", {}, rates("By check", checks)), el("div", {}, rates("By situation", situations))),
    causes.length ? [el("h3", {}, "Why they did not pass"), el("ul", { class: "checks" }, causes.slice(0, 12).map(cause))] : null);
}

function counted(title, rows, linked = (name) => name) {
  const most = Math.max(...rows.map(([, count]) => count), 0);
  return panel(title, el("table", { class: "bars" }, el("tbody", {}, rows.map(([name, count, note]) => el("tr", {},
    el("th", { scope: "row" }, linked(name)), el("td", { class: "wide" }, bar(count, most)), el("td", { class: "number" }, number(count)),
    note === undefined ? null : el("td", { class: "number soft" }, note))))));
}

function kinds(run) {
  const rows = run.yields.kinds.map((row) => [row.kind, row.asked, percent(row.share)]);
  return rows.length ? counted("Asked for relations, and how many were new", rows) : null;
}

function rejected(run) {
  if (!run.rejections.length) return null;
  const rows = run.rejections.map(({ of, why, count }) => [[of, why], count]);
  return counted("Rejected, by stage", rows, ([subject, stage]) => el("a", { href: address(["rejected"], { subject, stage }) }, `${subject}: ${stage}`));
}

function failed(run) {
  if (!run.failures.length) return null;
  const rows = run.failures.map(({ of, why, count }) => [[of, why], count]);
  return counted("Failed, by role and cause", rows, ([role, cause]) => el("a", { href: address(["failed"], { role, cause }) }, `${role || "input"}: ${cause.replaceAll("_", " ")}`));
}

function connected({ central }) {
  return central.length ? panel("Most connected", el("ul", { class: "people" }, central.map((person) => personRow(person)))) : "";
}

function figures({ figures: found }) {
  if (!found) return "";
  const steps = Object.entries(found.separation.steps), most = Math.max(...steps.map(([, count]) => count), 0);
  const mean = found.steps_mean === null ? null : `${found.steps_mean.toFixed(1)} steps on average, ${percent(found.within_six)} of all pairs within six`;
  return panel("The graph",
      facts([
        ["relations", `${number(found.relations)} by ${plural(found.names, "different name")}`],
        ["a person has", `${found.degree_mean.toFixed(1)} on average, ${number(found.degree_max)} at most${found.alone ? `; ${plural(found.alone, "person has", "people have")} none` : ""}`],
        ["groups", `${number(found.components)}; the largest has ${plural(found.largest, "person", "people")}`],
        ["between two", mean],
      ]),
      steps.length ? el("table", { class: "bars", "aria-label": "Steps between two people" },
        el("thead", {}, el("tr", {}, el("th", {}, "steps"), el("th", {}), el("th", { class: "number" }, "pairs"))),
        el("tbody", {}, steps.map(([far, count]) => el("tr", {}, el("th", { scope: "row" }, far), el("td", { class: "wide" }, bar(count, most)), el("td", { class: "number" }, number(count)))))) : null);
}

function usage(run) {
  if (!run.usage.length) return null;
  const heads = ["stage", "role", "model", "calls", "prompt", "cached", "completion", "US$"];
  const money = (row) => (row.usd === null ? "unknown" : row.usd ? row.usd.toFixed(4) : "0");
  return panel("Calls", el("div", { class: "scroll" }, el("table", {},
    el("thead", {}, el("tr", {}, heads.map((name, place) => el("th", { class: place > 2 ? "number" : null }, name)))),
    el("tbody", {}, run.usage.map((row) => el("tr", {},
      el("td", {}, stageTitle(row.stage)), el("td", {}, row.role), el("td", { class: "soft" }, row.model),
      ...[row.calls, row.prompt_tokens, row.cached_tokens, row.completion_tokens].map((count) => el("td", { class: "number" }, number(count))),
      el("td", { class: "number" }, money(row))))))));
}

// Conversations: lists, and one as a chat with what was found in it, what became of it and what it took.
import { ask } from "./api.js";
import { address, chip, clipped, el, empty, facts, named, number, pager, panel, pastEnd, personLink, plural } from "./dom.js";

const ENDS = ["goal", "gave_up", "left", "max_turns", "assistant_ended", "loop", "budget", "error"];
const words = (name) => name.replaceAll("_", " ");

export function talkItem(one, people) {
  const passed = one.passed === null || one.passed === undefined ? null : chip(one.passed ? "passed" : "not passed", { mark: sign(one.passed) });
  const goal = passed || one.goal === null ? null : chip(one.goal ? "goal reached" : "goal not reached", { mark: sign(one.goal) });
  return el("li", {}, el("a", { class: "item", href: address(["conversations", one.id]) },
    el("span", { class: "who" }, clipped(people[one.persona] || one.persona, 120)),
    el("span", { class: "said" }, one.opens),
    el("span", { class: "tags" }, chip(plural(one.turns, "turn")), chip(one.ended), one.situation ? chip(one.situation) : null, passed, goal,
      one.fault ? chip(`assistant: ${one.fault}`, { mark: sign(false) }) : null, one.labels.length ? chip(plural(one.labels.length, "label"), { mark: sign(null) }) : null)));
}

const sign = (holds) => el("i", { class: `sign ${holds === null ? "fair" : holds ? "good" : "bad"}`, "aria-hidden": "true" }, holds === null ? "!" : holds ? "✓" : "✗");

export async function conversationsPage({ params, signal }) {
  const { stop = "", passed = "", persona = "" } = params, page = Number(params.page) || 1;
  const [found, { counts: { outcomes } }] = await Promise.all([ask(["conversations"], { stop, passed, persona, page }, signal), ask(["now"], {}, signal)]);
  const to = (changes) => address(["conversations"], { stop, passed, persona, ...changes });
  return {
    title: "Conversations",
    parts: [
      el("header", { class: "head" }, el("h1", {}, "Conversations"), el("p", { class: "soft" }, number(found.total), persona ? " of one person" : "")),
      el("div", { class: "chips", role: "group", "aria-label": "How they ended" }, chip("all", { href: to({ stop: "", passed: "" }), pressed: !stop && !passed }),
        ENDS.map((value) => chip(words(value), { href: to({ stop: value }), pressed: stop === value })),
        outcomes ? [el("span", { class: "gap" }), chip("passed", { href: to({ passed: "true" }), pressed: passed === "true", mark: sign(true) }), chip("not passed", { href: to({ passed: "false" }), pressed: passed === "false", mark: sign(false) })] : null),
      found.records.length ? el("ul", { class: "items panel" }, found.records.map((one) => talkItem(one, found.people))) : found.total ? pastEnd(to({})) : empty("No conversation is of this sort."),
      pager(found, (target) => to({ page: target })),
    ],
  };
}

export async function conversationPage({ id, signal }) {
  const { record: one, people } = await ask(["conversations", id], {}, signal);
  const user = people[one.persona] || one.persona;
  return {
    title: "Conversation",
    parts: [
      el("header", { class: "head" }, el("h1", {}, "Conversation"), el("p", { class: "soft" }, el("code", {}, one.id))),
      panel("", facts([
        ["user", named(one.persona, people, 400)], ["partner", one.partner ? named(one.partner, people, 400) : null],
        ["situation", one.situation], ["manner", one.behaviours.join(", ")],
        ["ended", one.ended, one.reason ? el("span", { class: "soft" }, ` — ${one.reason}`) : null],
        ["forked from", one.forked ? el("a", { href: address(["conversations", one.forked.conversation]) }, `turn ${one.forked.at} of ${one.forked.conversation}`) : null],
        ["assistant", one.fault ? [sign(false), ` ${one.fault}`] : null],
      ])),
      el("ol", { class: "chat" }, one.turns.map((turn) => message(turn, one, people, user))),
      outcome(one), verdicts(one), costs(one),
      one.state ? el("details", {}, el("summary", {}, "The assistant's final state"), el("pre", {}, JSON.stringify(one.state, null, 2))) : null,
    ],
  };
}

function message(turn, one, people, user) {
  const speaker = turn.role === "user" ? el("a", { href: personLink(one.persona) }, clipped(user, 60)) : one.partner ? named(one.partner, people, 60) : "assistant";
  const body = turn.steps.length ? turn.steps.map(step) : el("p", {}, turn.content);
  return el("li", { class: turn.role }, el("div", { class: "speaker" }, speaker), el("div", { class: "bubble" }, body),
    turn.labels.length ? el("ul", { class: "labels" }, turn.labels.map(({ detector, evidence, severity }) => el("li", { class: severity }, el("b", {}, words(detector)), ` ${evidence}`))) : null);
}

function step(one) {
  if (one.role === "tool") return el("div", { class: `call ${one.problem ? "bad" : ""}` }, el("b", {}, `← ${one.name || "tool"}`), one.problem ? el("em", {}, ` ${one.problem}`) : null, el("pre", {}, one.content));
  const calls = one.calls.map(({ name, arguments: given }) => el("div", { class: "call" }, el("b", {}, `→ ${name}`), el("pre", {}, typeof given === "string" ? given : JSON.stringify(given, null, 2))));
  return [one.content.trim() ? el("p", {}, one.content) : null, ...calls];
}

function outcome({ outcome: found }) {
  if (!found) return null;
  const row = (check) => el("li", {}, sign(check.passed), el("span", {}, el("b", {}, check.name), " ", el("small", {}, check.kind), check.broken ? " the check itself failed" : "", check.evidence ? el("span", { class: "soft" }, ` — ${check.evidence}`) : null));
  return panel(found.passed ? "Outcome: passed" : "Outcome: not passed", el("ul", { class: "checks" }, found.checks.map(row)));
}

function verdicts({ goal, verdicts: found }) {
  // a rule's statement is what must hold, a judge's is a fault
  const said = (one) => (one.by === "rule" || one.holds === null ? one.by : `${one.by}, ${one.holds ? "not true" : "true"}`);
  const rows = found.map((one) => [one.name, one.holds, said(one), one.statement || one.evidence]);
  if (goal) rows.unshift(["goal", goal.holds, goal.by, `${goal.evidence}${goal.claimed && !goal.holds ? " (the user only said so)" : ""}`]);
  if (!rows.length) return null;
  return panel("Goal and manner", el("ul", { class: "checks" }, rows.map(([name, holds, by, evidence]) =>
    el("li", {}, sign(holds), el("span", {}, el("b", {}, words(name)), " ", el("small", {}, `by ${by}`), el("span", { class: "soft" }, ` — ${evidence}`))))));
}

function costs({ spent }) {
  const rows = Object.entries(spent);
  if (!rows.length) return null;
  const heads = ["role", "calls", "prompt tokens", "completion tokens", "US$"];
  return panel("What it took", el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, heads.map((name, place) => el("th", { class: place ? "number" : null }, name)))),
    el("tbody", {}, rows.map(([role, took]) => el("tr", {}, el("td", {}, role), [took.calls, took.prompt, took.completion].map((count) => el("td", { class: "number" }, number(count))),
      el("td", { class: "number" }, took.usd === null ? "unknown" : took.usd ? took.usd.toFixed(4) : "0")))))));
}


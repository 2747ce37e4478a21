"use strict";
// The relationship graph, drawn on a canvas. Every text is put into the page as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const get = (id) => document.getElementById(id);
  const canvas = get("canvas"), pen = canvas.getContext("2d");
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  const people = data.personas.map(([id, text, hop], place) => ({ place, id, text, hop, near: [] }));
  const links = data.relations.map(([source, target, name, kind]) =>
    ({ source, target, name: data.names[name], kind: data.kinds[kind] }));
  links.forEach((link, number) => {
    people[link.source].near.push({ other: link.target, number, outward: true });
    people[link.target].near.push({ other: link.source, number, outward: false });
  });
  for (const person of people) person.radius = 3.2 + 1.5 * Math.sqrt(person.near.length);

  const hidden = { hops: new Set(), kinds: new Set() };
  const shows = (place) => !hidden.hops.has(people[place].hop);
  const showsLink = (link) => !hidden.kinds.has(link.kind) && shows(link.source) && shows(link.target);
  let chosen = -1, hovered = -1;

  // ---- Where everybody stands: springs along relations, repulsion between all, the first hop in the middle ---------

  const count = people.length;
  const x = new Float64Array(count), y = new Float64Array(count), dx = new Float64Array(count), dy = new Float64Array(count);
  const spread = 26 * Math.sqrt(count + 4), middle = count < 60 ? 0.1 : count < 300 ? 0.04 : 0.012;
  people.forEach((person, place) => {
    const turn = place * 2.399963, far = spread * Math.sqrt((place + 0.5) / count);  // a sunflower: no two in one place
    x[place] = far * Math.cos(turn);
    y[place] = far * Math.sin(turn);
  });
  const TICKS = 320;
  let ticks = 0;

  function tick() {
    const heat = 1 - ticks / TICKS, pull = 900;
    dx.fill(0);
    dy.fill(0);
    for (let a = 0; a < count; a++) {
      for (let b = a + 1; b < count; b++) {
        const across = x[a] - x[b], down = y[a] - y[b], square = across * across + down * down + 30;
        if (square > 160000) continue;  // further away than 400 nobody is felt
        const force = pull / square;
        dx[a] += across * force; dy[a] += down * force;
        dx[b] -= across * force; dy[b] -= down * force;
      }
      dx[a] -= x[a] * middle;
      dy[a] -= y[a] * middle;
    }
    for (const { source, target } of links) {
      const across = x[target] - x[source], down = y[target] - y[source];
      const far = Math.hypot(across, down) || 1;
      // Who knows many is pulled less, or hubs would drag everybody into one knot.
      const force = 0.35 * (far - 55) / far / Math.sqrt(Math.min(people[source].near.length, people[target].near.length));
      dx[source] += across * force; dy[source] += down * force;
      dx[target] -= across * force; dy[target] -= down * force;
    }
    const most = 2 + 38 * heat;
    for (let a = 0; a < count; a++) {
      const far = Math.hypot(dx[a], dy[a]), share = far > most ? most / far : 1;
      x[a] += dx[a] * share * 0.6;
      y[a] += dy[a] * share * 0.6;
    }
    ticks += 1;
  }

  // ---- The view --------------------------------------------------------------------------------------------------

  const view = { x: 0, y: 0, scale: 1, own: false };
  let width = 1, height = 1, waiting = false;

  function fit() {
    let left = Infinity, right = -Infinity, top = Infinity, bottom = -Infinity;
    for (let a = 0; a < count; a++) {
      if (!shows(a)) continue;
      left = Math.min(left, x[a]); right = Math.max(right, x[a]);
      top = Math.min(top, y[a]); bottom = Math.max(bottom, y[a]);
    }
    if (left > right) return;
    view.scale = Math.min(2.2, (width - 70) / (right - left + 1), (height - 70) / (bottom - top + 1));
    view.x = (left + right) / 2;
    view.y = (top + bottom) / 2;
  }
  const onScreen = (place) => [(x[place] - view.x) * view.scale + width / 2, (y[place] - view.y) * view.scale + height / 2];

  function zoom(factor, atX = width / 2, atY = height / 2) {
    const scale = Math.min(8, Math.max(0.04, view.scale * factor));
    view.x += (atX - width / 2) * (1 / view.scale - 1 / scale);
    view.y += (atY - height / 2) * (1 / view.scale - 1 / scale);
    view.scale = scale;
    view.own = true;
    redraw();
  }

  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      if (ticks < TICKS) {
        const until = performance.now() + 12;
        do tick(); while (ticks < TICKS && performance.now() < until);
        if (!view.own) fit();
      }
      draw();
      if (ticks < TICKS) redraw();
    });
  }

  // ---- Drawing ---------------------------------------------------------------------------------------------------

  let colours = {};
  function readColours() {
    const style = getComputedStyle(document.documentElement);
    const names = ["paper", "ink", "soft", "edge", "near", "halo", "accent", "hop0", "hop1", "hop2", "hop3", "hop4", "hop5", "hop6"];
    colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }

  function resize() {
    const box = canvas.getBoundingClientRect(), dots = window.devicePixelRatio || 1;
    width = Math.max(1, box.width);
    height = Math.max(1, box.height);
    canvas.width = Math.round(width * dots);
    canvas.height = Math.round(height * dots);
    pen.setTransform(dots, 0, 0, dots, 0, 0);
    if (!view.own) fit();
    draw();  // at once: a canvas is blank after it changed its size
    redraw();
  }

  const grown = count < 60 ? 1.9 : count < 300 ? 1.5 : 1;  // few people have room to be seen
  const size = (person) => grown * person.radius * Math.max(0.55, Math.min(1.5, Math.sqrt(view.scale)));

  function draw() {
    pen.clearRect(0, 0, width, height);
    const focus = hovered >= 0 ? hovered : chosen;
    const near = focus < 0 ? null : new Set([focus, ...people[focus].near.filter(({ number }) => showsLink(links[number])).map(({ other }) => other)]);
    pen.lineWidth = Math.max(0.5, Math.min(1.2, view.scale)) * grown;
    pen.strokeStyle = colours.edge;
    pen.beginPath();
    for (const link of links) if (showsLink(link)) line(link);
    pen.stroke();
    if (near) drawNear(focus);
    pen.lineWidth = 1;
    for (const person of people) if (shows(person.place)) drawPerson(person, near);
    drawLabels(focus, near);
  }

  function line({ source, target }) {
    const [ax, ay] = onScreen(source), [bx, by] = onScreen(target);
    pen.moveTo(ax, ay);
    pen.lineTo(bx, by);
  }

  function drawNear(focus) {
    pen.strokeStyle = pen.fillStyle = colours.near;
    pen.lineWidth = 1.6;
    for (const { number } of people[focus].near) {
      const link = links[number];
      if (!showsLink(link)) continue;
      pen.beginPath();
      line(link);
      pen.stroke();
      arrow(link);
    }
  }

  function arrow({ source, target }) {
    const [ax, ay] = onScreen(source), [bx, by] = onScreen(target);
    const turn = Math.atan2(by - ay, bx - ax), back = size(people[target]) + 2;
    pen.save();
    pen.translate(bx - back * Math.cos(turn), by - back * Math.sin(turn));
    pen.rotate(turn);
    pen.beginPath();
    pen.moveTo(0, 0);
    pen.lineTo(-8, -3.5);
    pen.lineTo(-8, 3.5);
    pen.fill();
    pen.restore();
  }

  function drawPerson(person, near) {
    const [px, py] = onScreen(person.place);
    if (px < -20 || py < -20 || px > width + 20 || py > height + 20) return;
    pen.globalAlpha = near && !near.has(person.place) ? 0.4 : 1;
    pen.fillStyle = colours[`hop${person.hop}`];
    pen.beginPath();
    pen.arc(px, py, size(person), 0, 2 * Math.PI);
    pen.fill();
    pen.strokeStyle = colours.paper;
    pen.stroke();
    pen.globalAlpha = 1;
    if (person.place !== chosen) return;
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(px, py, size(person) + 3.5, 0, 2 * Math.PI);
    pen.stroke();
    pen.lineWidth = 1;
  }

  // The first words, cut where the sentence turns to details.
  function brief(text, most = 34) {
    const head = text.replace(/^\s*(an?|the|this)\s+/i, "").split(/\s+(?:who|whose|which|that|from|in|at|near|with)\s+|[,;:.(]/)[0].trim() || text;
    return head.length <= most ? head : `${Array.from(head).slice(0, most - 1).join("").trimEnd()}…`;
  }

  const important = [...people].sort((a, b) => b.near.length - a.near.length || a.place - b.place).map((person) => person.place);

  function drawLabels(focus, near) {
    pen.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    pen.textBaseline = "middle";
    const taken = [];
    const wanted = near ? [focus, ...[...near].filter((place) => place !== focus)] : important;
    const most = near ? 40 : Math.round((width * height) / 36000);
    let drawn = 0;
    for (const place of wanted) {
      if (drawn >= most) break;
      if (!shows(place)) continue;
      const [px, py] = onScreen(place);
      if (px < 0 || py < 0 || px > width || py > height) continue;
      if (label(brief(people[place].text, place === focus ? 60 : 34), px, py, size(people[place]) + (place === chosen ? 8 : 5), taken, place === focus)) drawn += 1;
    }
    if (near && near.size <= 16) nameRelations(focus, taken);
  }

  function nameRelations(focus, taken) {
    for (const { number } of people[focus].near) {
      const link = links[number];
      if (!showsLink(link)) continue;
      const [ax, ay] = onScreen(link.source), [bx, by] = onScreen(link.target), wide = pen.measureText(link.name).width;
      if (Math.hypot(bx - ax, by - ay) > 70) label(link.name, (ax + bx - wide) / 2, (ay + by) / 2, 0, taken, false, colours.accent);
    }
  }

  function label(text, px, py, gap, taken, always, colour = colours.ink) {
    const wide = pen.measureText(text).width;
    const left = px + gap + wide > width - 4 ? px - gap - wide : px + gap;
    const box = [left - 3, py - 9, left + wide + 3, py + 9];
    const clash = taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]);
    if (clash && !always) return false;
    taken.push(box);
    pen.fillStyle = colours.halo;
    pen.fillRect(box[0], box[1] + 1, box[2] - box[0], 16);
    pen.fillStyle = colour;
    pen.fillText(text, left, py);
    return true;
  }

  // ---- The panel -------------------------------------------------------------------------------------------------

  function make(tag, className, ...children) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }
  function dot(hop) {
    const made = make("i", "dot");
    made.style.background = `var(--hop${hop})`;
    made.setAttribute("aria-hidden", "true");
    return made;
  }
  const hops = [...new Set(people.map((person) => person.hop))].sort((a, b) => a - b);
  const number = (value) => value.toLocaleString("en");
  const plural = (value, one) => `${number(value)} ${one}${value === 1 ? "" : "s"}`;

  function chip(set, value, word, many, mark) {
    const made = make("button", "chip", ...(mark ? [mark] : []), word, make("small", "", number(many)));
    made.type = "button";
    made.setAttribute("aria-pressed", "true");
    made.addEventListener("click", () => {
      if (!set.delete(value)) set.add(value);
      made.setAttribute("aria-pressed", String(!set.has(value)));
      if (chosen >= 0) describe(chosen);
      redraw();
    });
    return made;
  }

  function button(place, words) {
    const person = people[place];
    const made = make("button", "relative", dot(person.hop), make("span", "", ...words));
    made.type = "button";
    made.addEventListener("click", () => { choose(place); showInView(place); });
    made.addEventListener("pointerenter", () => { hovered = place; redraw(); });
    made.addEventListener("pointerleave", () => { hovered = -1; redraw(); });
    made.addEventListener("focus", () => { hovered = place; redraw(); });
    made.addEventListener("blur", () => { hovered = -1; redraw(); });
    return made;
  }

  function relatives(person, outward) {
    const list = make("ul", "people");
    for (const { other, number } of person.near.filter((one) => one.outward === outward && showsLink(links[one.number]))) {
      list.append(make("li", "", button(other, [make("b", "", links[number].name), " ", make("small", "", links[number].kind), make("br"), people[other].text])));
    }
    return list.children.length ? list : null;
  }

  function describe(place) {
    const panel = get("person"), person = people[place];
    panel.replaceChildren();
    if (!person) {
      panel.append(make("p", "hint", "Choose somebody in the graph or search. Arrow keys move, ", make("kbd", "", "+"), " ", make("kbd", "", "−"), " zoom, ", make("kbd", "", "N"), " and ", make("kbd", "", "P"), " go from person to person."));
      return;
    }
    panel.append(
      make("h2", "", person.text),
      make("p", "facts", dot(person.hop), `hop ${person.hop}`, make("span", "", `· ${plural(person.near.length, "relation")}`), make("code", "", person.id)),
    );
    const out = relatives(person, true), back = relatives(person, false), way = person.hop ? chain(place) : [];
    if (out) panel.append(make("h3", "", "Whose … is"), out);
    if (back) panel.append(make("h3", "", "Who is the … of"), back);
    if (way.length) panel.append(make("h3", "", "The way from a seed"), told(way));
  }

  // From a seed to a person along relations, by a search backwards; empty when the part that is shown holds no such way.
  function chain(place) {
    const next = new Map([[place, null]]);
    for (const at of next.keys()) {
      if (people[at].hop === 0) {
        const way = [];
        for (let here = at, step = next.get(at); step; here = step.other, step = next.get(here)) way.push({ from: here, ...step });
        return way;
      }
      for (const { other, number, outward } of people[at].near) {
        if (!outward && people[other].hop < people[at].hop && !next.has(other)) next.set(other, { other: at, number });
      }
    }
    return [];
  }

  function told(way) {
    const list = make("ol", "chain", make("li", "", brief(people[way[0].from].text, 60)));
    for (const { other, number } of way) list.append(make("li", "", "whose ", make("em", "", links[number].name), " is ", brief(people[other].text, 60)));
    return list;
  }

  function choose(place) {
    chosen = place;
    hovered = -1;
    describe(place);
    get("results").hidden = true;
    history.replaceState(null, "", place < 0 ? "#" : `#${people[place].id}`);
    redraw();
  }

  function showInView(place) {
    const [px, py] = onScreen(place);
    if (px > 60 && py > 40 && px < width - 60 && py < height - 40) return;
    view.x = x[place];
    view.y = y[place];
    view.own = true;
    redraw();
  }

  // ---- Search ----------------------------------------------------------------------------------------------------

  const plain = (text) => text.normalize("NFC").toLowerCase();
  const haystack = people.map((person) => `${plain(person.text)} ${person.id}`);
  const MOST = 50;

  function search() {
    const words = plain(get("search").value).split(/\s+/).filter(Boolean), results = get("results");
    results.replaceChildren();
    results.hidden = !words.length;
    if (!words.length) return;
    const found = people.filter((person) => words.every((word) => haystack[person.place].includes(word)));
    for (const person of found.slice(0, MOST)) results.append(make("li", "", button(person.place, [person.text])));
    if (!found.length) results.append(make("li", "", make("p", "", "Nobody's text holds these words.")));
    if (found.length > MOST) results.append(make("li", "", make("p", "", `and ${number(found.length - MOST)} more: add a word`)));
  }

  get("search").addEventListener("input", search);
  get("search").addEventListener("focus", search);
  document.querySelector(".search").addEventListener("keydown", (event) => {
    const buttons = [...get("results").querySelectorAll("button")], at = buttons.indexOf(document.activeElement);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const next = at + (event.key === "ArrowDown" ? 1 : -1);
      (buttons[next] || (next < 0 ? get("search") : buttons[at]))?.focus();
    } else if (event.key === "Enter" && at < 0 && buttons.length) {
      buttons[0].click();
      canvas.focus();
    }
  });
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".search")) get("results").hidden = true;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== get("search")) {
      event.preventDefault();
      get("search").focus();
      get("search").select();
    } else if (event.key === "Escape") {
      if (!get("results").hidden) { get("results").hidden = true; canvas.focus(); } else choose(-1);
    }
  });

  // ---- Mouse, touch and keys on the canvas -----------------------------------------------------------------------

  function under(px, py) {
    let best = -1, least = Infinity;
    for (const person of people) {
      if (!shows(person.place)) continue;
      const [ax, ay] = onScreen(person.place), far = Math.hypot(ax - px, ay - py) - size(person);
      if (far < least) { least = far; best = person.place; }
    }
    return least <= 5 ? best : -1;
  }

  const fingers = new Map();
  let moved = 0;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.offsetX, event.offsetY]);
    moved = 0;
    canvas.classList.add("held");
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId), here = [event.offsetX, event.offsetY];
    if (!before) {
      const over = under(...here);
      canvas.classList.toggle("over", over >= 0);
      if (over !== hovered) { hovered = over; redraw(); }
      return;
    }
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    fingers.set(event.pointerId, here);
    moved += Math.abs(here[0] - before[0]) + Math.abs(here[1] - before[1]);
    if (others.length) {
      const apart = (a) => Math.hypot(a[0] - others[0][0], a[1] - others[0][1]) || 1;
      zoom(apart(here) / apart(before), (here[0] + others[0][0]) / 2, (here[1] + others[0][1]) / 2);
    } else {
      view.x -= (here[0] - before[0]) / view.scale;
      view.y -= (here[1] - before[1]) / view.scale;
      view.own = true;
      redraw();
    }
  });
  function lift(event) {
    fingers.delete(event.pointerId);
    canvas.classList.remove("held");
  }
  canvas.addEventListener("pointerup", (event) => {
    if (moved < 6 && fingers.size === 1) choose(under(event.offsetX, event.offsetY));
    lift(event);
  });
  canvas.addEventListener("pointercancel", lift);
  canvas.addEventListener("pointerleave", () => { if (hovered >= 0) { hovered = -1; redraw(); } });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
  }, { passive: false });

  function step(by) {
    const shown = people.filter((person) => shows(person.place)).map((person) => person.place);
    if (!shown.length) return;
    const at = shown.indexOf(chosen);
    const place = shown[at < 0 ? 0 : (at + by + shown.length) % shown.length];
    choose(place);
    showInView(place);
  }
  function pan(right, down) {
    view.x += right * 60 / view.scale;
    view.y += down * 60 / view.scale;
    view.own = true;
    redraw();
  }
  function all() {
    view.own = false;
    fit();
    redraw();
  }
  const keys = {
    ArrowLeft: () => pan(-1, 0), ArrowRight: () => pan(1, 0), ArrowUp: () => pan(0, -1), ArrowDown: () => pan(0, 1),
    "+": () => zoom(1.3), "=": () => zoom(1.3), "-": () => zoom(1 / 1.3), 0: all, n: () => step(1), p: () => step(-1),
  };
  canvas.addEventListener("keydown", (event) => {
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  get("closer").addEventListener("click", () => zoom(1.3));
  get("farther").addEventListener("click", () => zoom(1 / 1.3));
  get("fit").addEventListener("click", all);

  // ---- The beginning ---------------------------------------------------------------------------------------------

  document.title = `${data.title} · relationship graph`;
  get("title").textContent = data.title;
  get("counts").textContent = `${number(count)} ${count === 1 ? "persona" : "personas"}, ${plural(links.length, "relation")}`;
  get("note").textContent = data.note;
  get("note").hidden = !data.note;
  for (const hop of hops) get("hops").append(chip(hidden.hops, hop, String(hop), people.filter((person) => person.hop === hop).length, dot(hop)));
  for (const kind of data.kinds) {
    const many = links.filter((link) => link.kind === kind).length;
    if (many) get("kinds").append(chip(hidden.kinds, kind, kind, many));
  }
  get("kinds").hidden = !links.length;
  readColours();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); redraw(); });
  if (still.matches) while (ticks < TICKS) tick();
  resize();
  new ResizeObserver(resize).observe(canvas);
  choose(people.findIndex((person) => `#${person.id}` === location.hash));
})();

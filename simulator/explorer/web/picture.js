// The picture itself: SVG, so that everybody in it can be reached by keyboard and read aloud.
import { brief, svg } from "./dom.js";
import { rings } from "./layout.js";

const LINE = 16;  // pixels that a line of a label takes
const pen = document.createElement("canvas").getContext("2d");

// The pixels that a label takes; the sizes are those of the style sheet.
function wide(text, kind) {
  pen.font = `${kind === "strong" ? "650 11.5px" : kind === "relation" ? "11px" : "11.5px"} ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

export function picture(found, { go, look }) {
  const { people, relations, centre } = found;
  const { places, radii, parents, ways, children, near } = rings(people, relations, centre);
  const circles = svg("g", { class: "rings" }, radii.slice(1).map((radius) => svg("circle", { r: radius })));
  const lines = svg("g", { class: relations.length > 300 ? "lines many" : "lines" }), nodes = svg("g", { class: "nodes" }), labels = svg("g", { class: "labels", "aria-hidden": "true" });
  const world = svg("g", {}, circles, lines, nodes);
  const element = svg("svg", { class: "picture", role: "group", "aria-label": "People around the one in the middle. Arrow keys go from person to person, Enter puts one in the middle, plus and minus zoom, 0 shows all." }, world, labels);
  const view = { x: 0, y: 0, scale: 1, own: false };
  let width = 800, height = 500, looked = -1, current = centre, hidden = new Set();

  const onScreen = (place) => size(place) * Math.sqrt(view.scale);  // people shrink less than the distances between them
  const size = (place) => (place === centre ? 11 : 3.6 + 1.3 * Math.sqrt(Math.min(people[place].relations, 40)));
  const inTree = new Set(ways);
  const drawnLines = relations.map((relation, number) => {
    const made = svg("path", { d: curve(places[relation.source], places[relation.target]), class: inTree.has(number) ? "tree" : "chord" });
    lines.append(made);
    return made;
  });
  const drawnNodes = people.map((person, place) => {
    const made = svg("g", { class: `node${place === centre ? " centre" : ""}`, tabindex: place === centre ? "0" : "-1", role: "link", "aria-label": `${person.text}; ${person.distance} steps away, ${person.relations} relations` },
      person.relations > near[place].length ? svg("circle", { class: "halo", r: size(place) + 3 }) : null,
      svg("circle", { class: `hop${person.hop}`, r: size(place) }));
    made.addEventListener("click", () => { if (!dragged && place !== centre) go(person); });
    made.addEventListener("pointerenter", () => lookAt(place));
    made.addEventListener("pointerleave", () => lookAt(-1));
    made.addEventListener("focus", () => { lookAt(place); current = place; });
    made.addEventListener("blur", () => lookAt(-1));
    nodes.append(made);
    return made;
  });

  function curve(a, b) {
    const bend = 0.5;  // towards the middle, where there is room
    return `M${a.x.toFixed(1)} ${a.y.toFixed(1)}Q${(((a.x + b.x) / 2) * (1 - bend / 3)).toFixed(1)} ${(((a.y + b.y) / 2) * (1 - bend / 3)).toFixed(1)} ${b.x.toFixed(1)} ${b.y.toFixed(1)}`;
  }

  // ---- Who is looked at ------------------------------------------------------------------------------------------

  function way(place) {
    const chain = [];
    for (let at = place; parents[at] >= 0; at = parents[at]) {
      const relation = relations[ways[at]];
      chain.unshift({ relation: relation.relation, outward: relation.target === at, to: at, number: ways[at] });
    }
    return chain;
  }
  function known(place) {
    return near[place].map(({ other, number }) => ({ other, number, relation: relations[number].relation, outward: relations[number].source === place }));
  }
  function lookAt(place) {
    if (looked === place) return;
    looked = place;
    const chain = place < 0 ? [] : way(place), lit = new Set(chain.map((step) => step.number)), touched = new Set(place < 0 ? [] : near[place].map(({ number }) => number));
    const seen = new Set([place, centre, ...chain.map((step) => step.to), ...(place < 0 ? [] : near[place].map(({ other }) => other))]);
    element.classList.toggle("looking", place >= 0);
    drawnLines.forEach((line, number) => { line.classList.toggle("lit", lit.has(number)); line.classList.toggle("touched", touched.has(number)); });
    drawnNodes.forEach((node, number) => node.classList.toggle("seen", seen.has(number)));
    look(place);
    write();
  }

  // ---- Labels: who and what matters first, and only where there is room ------------------------------------------

  function write() {
    const at = (place) => [places[place].x * view.scale + view.x, places[place].y * view.scale + view.y];
    const taken = people.map((_, place) => around(place)), wanted = [];
    function around(place) {
      const [x, y] = at(place), r = onScreen(place);
      return [x - r, y - r, x + r, y + r];
    }
    const labelled = new Set();
    const add = (place, most, kind, always) => {
      if (labelled.has(place)) return;
      labelled.add(place);
      const [x, y] = at(place), text = brief(people[place].text, most), long = wide(text, kind), side = Math.cos(places[place].angle), gap = onScreen(place) + 5;
      const beside = [side >= -0.15 ? x + gap : x - gap - long, y - LINE / 2], below = [x - long / 2, y + gap - 2], above = [x - long / 2, y - gap - LINE + 2];
      const tries = place === centre ? [below, above] : Math.abs(side) > 0.35 ? [beside, below, above] : [Math.sin(places[place].angle) > 0 ? below : above, beside];
      if (tries.some(([left, top]) => put(text, left, top, long, kind, false))) return;
      if (always) put(text, Math.max(4, Math.min(width - long - 4, tries[0][0])), tries[0][1], long, kind, true);
    };
    function put(text, left, top, long, kind, always) {
      const box = [left, top, left + long, top + LINE];
      if (!always && (box[0] < 2 || box[2] > width - 2 || box[1] < 2 || box[3] > height - 2)) return false;
      if (!always && taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) return false;
      taken.push(box);
      wanted.push(svg("g", { class: kind }, svg("rect", { x: left - 3, y: top, width: long + 6, height: LINE, rx: 3 }), svg("text", { x: left + long / 2, y: top + LINE / 2 + 0.5 }, text)));
      return true;
    }
    if (looked >= 0 && looked !== centre) {
      add(looked, 60, "strong", true);
      for (const step of way(looked)) name(step.number, put, at);
      way(looked).forEach((step) => add(step.to, 40, "", false));
    }
    add(centre, 44, "strong", looked < 0 || looked === centre);
    const order = people.map((_, place) => place).filter((place) => place !== centre && place !== looked && !drawnNodes[place].classList.contains("gone"));
    order.sort((a, b) => people[a].distance - people[b].distance || people[b].relations - people[a].relations || a - b);
    if (looked < 0 && near[centre].length <= 24) near[centre].forEach(({ number }) => name(number, put, at));
    for (const place of order) {
      if (looked >= 0 && !drawnNodes[place].classList.contains("seen")) continue;
      add(place, 32, "", false);
    }
    labels.replaceChildren(...wanted);
  }
  function name(number, put, at) {
    const { source, target, relation, kind } = relations[number];
    if (hidden.has(kind)) return;
    const [ax, ay] = at(source), [bx, by] = at(target);
    if (Math.hypot(bx - ax, by - ay) < 60) return;
    const text = relation.length > 26 ? `${relation.slice(0, 25)}…` : relation, long = wide(text, "relation");
    put(text, (ax + bx) / 2 - long / 2, (ay + by) / 2 - LINE / 2, long, "relation", false);
  }

  // ---- The view --------------------------------------------------------------------------------------------------

  function draw() {
    world.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
    drawnNodes.forEach((node, place) => node.setAttribute("transform", `translate(${places[place].x.toFixed(1)} ${places[place].y.toFixed(1)}) scale(${(1 / Math.sqrt(view.scale)).toFixed(3)})`));
    write();
  }
  function fit() {
    const xs = places.map(({ x }) => x), ys = places.map(({ y }) => y);
    const left = Math.min(...xs), right = Math.max(...xs), top = Math.min(...ys), bottom = Math.max(...ys);
    const side = Math.min(190, width * 0.2);
    view.scale = Math.min(1.5, (width - 2 * side) / (right - left + 1), (height - 70) / (bottom - top + 1));
    view.x = width / 2 - ((left + right) / 2) * view.scale;
    view.y = height / 2 - ((top + bottom) / 2) * view.scale;
    view.own = false;
    draw();
  }
  function zoom(factor, x = width / 2, y = height / 2) {
    const scale = Math.min(6, Math.max(0.08, view.scale * factor));
    view.x = x - ((x - view.x) * scale) / view.scale;
    view.y = y - ((y - view.y) * scale) / view.scale;
    view.scale = scale;
    view.own = true;
    draw();
  }
  function shown() {
    new ResizeObserver(() => {
      width = element.clientWidth || width;
      height = element.clientHeight || height;
      if (!view.own) fit(); else draw();
    }).observe(element);
  }

  let held = null, dragged = false;
  element.addEventListener("pointerdown", (event) => { held = [event.clientX, event.clientY]; dragged = false; });
  element.addEventListener("pointermove", (event) => {
    if (!held || !event.buttons) return;
    const right = event.clientX - held[0], down = event.clientY - held[1];
    if (!dragged && Math.hypot(right, down) < 5) return;
    if (!dragged) element.setPointerCapture(event.pointerId);
    dragged = true;
    view.x += right;
    view.y += down;
    view.own = true;
    held = [event.clientX, event.clientY];
    draw();
  });
  element.addEventListener("pointerup", () => { held = null; setTimeout(() => { dragged = false; }); });
  element.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && !element.matches(":focus-within") && element.closest(".compact")) return;  // let the page scroll
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
  }, { passive: false });

  // ---- By keyboard -----------------------------------------------------------------------------------------------

  function focus(place) {
    if (place === undefined || place < 0) return;
    drawnNodes[current].setAttribute("tabindex", "-1");
    drawnNodes[place].setAttribute("tabindex", "0");
    drawnNodes[place].focus();
  }
  function beside(by) {
    const ring = people.map((_, place) => place).filter((place) => people[place].distance === people[current].distance).sort((a, b) => places[a].angle - places[b].angle);
    return ring[(ring.indexOf(current) + by + ring.length) % ring.length];
  }
  const keys = {
    ArrowRight: () => focus(beside(1)), ArrowLeft: () => focus(beside(-1)), ArrowUp: () => focus(parents[current]), ArrowDown: () => focus(children[current][0]),
    Enter: () => { if (current !== centre) go(people[current]); }, "+": () => zoom(1.35), "=": () => zoom(1.35), "-": () => zoom(1 / 1.35), 0: fit,
  };
  element.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });

  function hide(kinds) {
    hidden = kinds;
    drawnLines.forEach((line, number) => line.classList.toggle("gone", kinds.has(relations[number].kind)));
    drawnNodes.forEach((node, place) => node.classList.toggle("gone", place !== centre && near[place].every(({ number }) => kinds.has(relations[number].kind))));
    write();
  }
  return { element, way, known, zoom, fit, hide, shown };
}


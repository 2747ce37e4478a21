// Where everybody stands: the centre in the middle, everybody else on the ring of their distance, near whom they know.

const GAP = 130, ROOM = 17;  // least distance between rings, and between two people on one
const WIDEST = Math.PI * 0.8;  // the part of the circle that one's acquaintances may take, or lines would cross the middle

export function rings(people, relations, centre) {
  const near = people.map(() => []);
  relations.forEach(({ source, target }, number) => {
    near[source].push({ other: target, number });
    near[target].push({ other: source, number });
  });
  const { parents, ways, children } = tree(people, near, centre);
  const weights = weigh(people, children, centre);
  const angles = turn(children, weights, centre);
  const radii = radiusOf(people);
  const places = people.map((person, place) => ({
    x: radii[person.distance] * Math.cos(angles[place]), y: radii[person.distance] * Math.sin(angles[place]), angle: angles[place],
  }));
  return { places, radii, parents, ways, children, near };
}

// Everybody hangs on somebody who is one step nearer: the first by whom they are known.
function tree(people, near, centre) {
  const parents = people.map(() => -1), ways = people.map(() => -1), children = people.map(() => []);
  const order = people.map((_, place) => place).sort((a, b) => people[a].distance - people[b].distance || a - b);
  for (const place of order) {
    if (place === centre) continue;
    const up = near[place].filter(({ other }) => people[other].distance === people[place].distance - 1);
    up.sort((a, b) => children[a.other].length - children[b.other].length || a.other - b.other);
    if (!up.length) continue;
    parents[place] = up[0].other;
    ways[place] = up[0].number;
    children[up[0].other].push(place);
  }
  return { parents, ways, children };
}

function weigh(people, children, centre) {
  const weights = people.map(() => 1);
  const order = people.map((_, place) => place).sort((a, b) => people[b].distance - people[a].distance);
  for (const place of order) {
    if (place !== centre && children[place].length) weights[place] = children[place].reduce((sum, child) => sum + weights[child], 0);
  }
  // With roots, or one with many acquaintances would take the whole circle.
  return weights.map((weight) => Math.pow(weight, 0.8));
}

function turn(children, weights, centre) {
  const angles = weights.map(() => 0), waiting = [[centre, -Math.PI / 2, Math.PI * 1.5]];
  while (waiting.length) {
    let [place, from, to] = waiting.pop();
    const middle = (angles[place] = (from + to) / 2);
    if (place !== centre && to - from > WIDEST) [from, to] = [middle - WIDEST / 2, middle + WIDEST / 2];
    const all = children[place].reduce((sum, child) => sum + weights[child], 0);
    let at = from;
    for (const child of children[place]) {
      const part = ((to - from) * weights[child]) / all;
      waiting.push([child, at, at + part]);
      at += part;
    }
  }
  return angles;
}

function radiusOf(people) {
  const sizes = [];
  for (const { distance } of people) sizes[distance] = (sizes[distance] || 0) + 1;
  const radii = [0];
  for (let far = 1; far < sizes.length; far++) radii[far] = Math.max(radii[far - 1] + GAP, ((sizes[far] || 0) * ROOM) / (2 * Math.PI));
  // Where the last ring is crowded and large, the others spread within it.
  const last = sizes.length - 1;
  return radii.map((radius, far) => Math.max(radius, radii[last] * Math.pow(far / Math.max(1, last), 1.3)));
}

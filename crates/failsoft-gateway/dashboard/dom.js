// Elements. Text stays text, whatever is in it: nothing here reads markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; strings become text, nothing is left out quietly. */
export function el(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same in a drawing. */
export function svg(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else set(node, name, value);
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

/** Sets an attribute if it differs; `false` and nothing take it away. */
export function set(node, name, value) {
  if (value == null || value === false) return node.removeAttribute(name);
  const text = value === true ? "" : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/** Sets the text if it differs, so that nothing flickers and no selection is lost. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The head of a table, with a name for each column. */
export const head = (names) => el("thead", {}, el("tr", {}, names.map((words) => el("th", { scope: "col" }, words))));

/** Keeps one child for each item, in their order; what is there already is kept and updated. */
export function keep(parent, items, key, make, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, place) => {
    const name = String(key(item));
    let child = old.get(name);
    if (!child) {
      child = make(item);
      child.dataset.key = name;
    }
    old.delete(name);
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
    update?.(child, item);
  });
  for (const child of old.values()) child.remove();
}

const SHAPES = {
  well: [["circle", { cx: 8, cy: 8, r: 5 }]],
  warn: [["path", { d: "M8 2.2 14.6 13.6H1.4Z" }]],
  bad: [["rect", { x: 2.5, y: 2.5, width: 11, height: 11, rx: 1.5 }]],
  off: [["circle", { cx: 8, cy: 8, r: 4.5, class: "hollow" }]],
  probe: [["circle", { cx: 8, cy: 8, r: 4.5, class: "hollow" }], ["path", { d: "M8 3.5a4.5 4.5 0 0 1 0 9Z" }]],
  note: [["circle", { cx: 8, cy: 8, r: 2.5 }]],
  cross: [["path", { d: "m4 4 8 8m0-8-8 8", class: "line" }]],
};

/** A sign of how something is. Its words stand beside it, so readers are not told twice. */
export function sign(kind) {
  const shapes = SHAPES[kind].map(([name, attributes]) => svg(name, attributes));
  return svg("svg", { class: `sign ${kind}`, viewBox: "0 0 16 16", "aria-hidden": "true" }, shapes);
}

/** Changes a sign in place. */
export function resign(node, kind) {
  if (node.firstElementChild?.classList.contains(kind)) return;
  node.replaceChildren(sign(kind));
}

// Elements from plain calls. Text only ever becomes text nodes: nothing that a job says can turn into markup.

const SVG = "http://www.w3.org/2000/svg";

/** `el("a.quiet", {href: "/"}, "Home")`; `on…` members are listeners, null and false leave an attribute out. */
export function el(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  return filled(document.createElement(tag || "div"), classes, attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  return filled(document.createElementNS(SVG, tag), classes, attributes, children);
}

function filled(element, classes, attributes, children) {
  element.classList.add(...classes);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else set(element, name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Writes an attribute only where it changes; null and false remove it. */
export function set(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value === true ? "" : value);
}

/** Writes text only where it changes, so that screen readers and selections are left alone. */
export function write(element, text) {
  const next = text ?? "";
  if (element.textContent !== next) element.textContent = next;
}

export function show(element, visible) {
  if (element.hidden === Boolean(visible)) element.hidden = !visible;
}

/** Makes the children of `parent` follow `things`: a node is made once per key, then updated and moved. */
export function keyed(parent, nodes, things, key, make, update) {
  const wanted = new Set();
  let next = parent.firstChild;
  for (const thing of things) {
    const name = key(thing);
    wanted.add(name);
    if (!nodes.has(name)) nodes.set(name, make(thing));
    const node = nodes.get(name);
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
    update?.(node, thing);
  }
  for (const [name, node] of nodes) {
    if (!wanted.has(name)) {
      node.remove();
      nodes.delete(name);
    }
  }
}

// @ts-check
// Makes a part of the page equal to a fresh copy of it by changing only what differs: focus, selection, scroll positions
// and what the reader has opened stay.

/** @param {Element} old @param {Element} fresh */
export function morph(old, fresh) {
  attributes(old, fresh);
  children(old, fresh);
}

/** @param {Element} old @param {Element} fresh */
function attributes(old, fresh) {
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  // A chart has set the size of its canvas, and the reader opens details.
  if (old instanceof HTMLCanvasElement || old instanceof HTMLDetailsElement) return;
  for (const { name } of Array.from(old.attributes)) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
}

/** @param {Element} old @param {Element} fresh */
function children(old, fresh) {
  /** @type {ChildNode | null} */
  let place = old.firstChild;
  for (const wanted of Array.from(fresh.childNodes)) {
    const same = find(place, wanted);
    if (same === undefined) {
      old.insertBefore(wanted, place);
      continue;
    }
    // What stands before the wanted one and has no place in the fresh copy goes; a moved one would lose its focus.
    while (place !== null && place !== same && !isWanted(place, fresh)) place = drop(place);
    if (place === same) place = same.nextSibling;
    else old.insertBefore(same, place);
    if (same instanceof Element && wanted instanceof Element) morph(same, wanted);
    else if (same.nodeValue !== wanted.nodeValue) same.nodeValue = wanted.nodeValue;
  }
  while (place !== null) place = drop(place);
}

/** @param {ChildNode} node */
function drop(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

/** @param {ChildNode} node @param {Element} fresh */
const isWanted = (node, fresh) => keyOf(node) !== "" && [...fresh.childNodes].some((one) => keyOf(one) === keyOf(node));

/** The node that is the wanted one's: by key, or the one that stands in its place. @param {ChildNode | null} from @param {ChildNode} wanted */
function find(from, wanted) {
  const key = keyOf(wanted);
  if (key === "") return from !== null && from.nodeName === wanted.nodeName && keyOf(from) === "" ? from : undefined;
  for (let node = from; node !== null; node = node.nextSibling) if (keyOf(node) === key) return node;
  return undefined;
}

/** @param {ChildNode} node */
const keyOf = (node) => (node instanceof Element ? (node.getAttribute("data-key") ?? node.id) : "");

/* What browser.py asks of a page. */
"use strict";

const described = (element) => {
  const text = element.textContent.trim().replace(/\s+/g, " ").slice(0, 60);
  return `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") || ""}"> ${text}`;
};

window.namesAndLinks = () => ({
  ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
  links: [...document.querySelectorAll("a[href], link[href], script[src], img[src]")]
    .map((element) => element.href || element.src),
});

/* Whether the reader can move an element into view in a box of its own. */
const scrolls = (element) => {
  for (let box = element; box !== null && box !== document.body; box = box.parentElement) {
    if (getComputedStyle(box).overflowX !== "visible") return true;
  }
  return false;
};

/* Elements that make the page wider than the window, outermost first. */
window.tooWide = () => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const found = [...document.body.querySelectorAll("*")].filter(
    (element) => element.getBoundingClientRect().right > width + 1 && !scrolls(element),
  );
  return found.slice(0, 5).map(described);
};

/* Texts of pictures that are smaller than a reader can read. */
window.smallTexts = () =>
  [...document.querySelectorAll("svg text")]
    .filter((text) => {
      const { a, b } = text.getScreenCTM(); // a turned text has its size in b
      const scale = Math.hypot(a, b);
      return parseFloat(getComputedStyle(text).fontSize) * scale < 10.9;
    })
    .map(described);

/* Leave some of each kind: axe needs a minute for a page with hundreds of entries, all of
 * which look alike. */
window.shorten = () => {
  const seen = new Map();
  for (const element of document.querySelectorAll("dl, tr, li, p, code, pre > span")) {
    const kind = `${element.tagName} ${element.className} ${element.parentElement.className}`;
    const n = seen.get(kind) || 0;
    seen.set(kind, n + 1);
    if (n >= 4) element.remove();
  }
};

window.violations = async (theme) => {
  const still = document.createElement("style"); // colours change at once
  still.textContent = "* { transition: none !important }";
  document.head.append(still);
  document.body.dataset.theme = theme;
  const result = await axe.run(document, {
    resultTypes: ["violations"],
    runOnly: ["color-contrast", "svg-img-alt", "scrollable-region-focusable", "duplicate-id-aria"],
  });
  return result.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 120)}: ${
      node.failureSummary.split("\n").slice(1, 2).join("").trim().slice(0, 200)}`),
  );
};

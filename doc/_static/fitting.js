/* What is wider than the window: on a phone, each row of such a table becomes a block with
 * the names of the columns. Code, pictures and other tables scroll in boxes of their own,
 * which are reached by the tabulator key and scrolled by arrow keys, too. */
"use strict";
const NARROW = 640; // pixels

const isTooWide = (box) => box.scrollWidth > box.clientWidth;

const nameColumns = (table) => {
  const names = [...table.querySelectorAll("thead th")].map((th) => th.textContent.trim());
  for (const row of table.querySelectorAll("tbody tr")) {
    [...row.children].forEach((cell, i) => {
      const isNamed = i > 0 && names[i] && cell.textContent.trim();
      if (isNamed) cell.dataset.column = names[i];
    });
  }
};

const fit = () => {
  for (const box of document.querySelectorAll(".table-wrapper")) {
    box.classList.remove("in-blocks");
    if (window.innerWidth <= NARROW && isTooWide(box) && box.querySelector("thead")) {
      box.classList.add("in-blocks");
    }
  }
  for (const box of document.querySelectorAll("pre, .table-wrapper, .picture")) {
    if (isTooWide(box)) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
};

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".table-wrapper table").forEach(nameColumns);
  fit();
});
window.addEventListener("resize", fit);

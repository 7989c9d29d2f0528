/* Code, tables and pictures that are wider than the window scroll in boxes of their own.
 * Who has no mouse reaches such a box by the tabulator key, and scrolls it by arrow keys. */
"use strict";
const reachScrollable = () => {
  for (const box of document.querySelectorAll("pre, .table-wrapper, .picture")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
};
document.addEventListener("DOMContentLoaded", reachScrollable);
window.addEventListener("resize", reachScrollable);

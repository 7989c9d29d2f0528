/* Offers the other versions of these pages. They are in folders side by side, and next to
 * these stands versions.json, a list: [{"version": "20.0", "folder": "20.0"}, ...].
 * Without that file, as in a build of one's own, nothing is shown. */
"use strict";
document.addEventListener("DOMContentLoaded", async () => {
  const label = document.getElementById("versions");
  if (label === null || window.location.protocol === "file:") return;
  const root = new URL(document.documentElement.dataset.content_root, window.location);
  const above = new URL("../", root);
  const answer = await fetch(new URL("versions.json", above)).catch(() => null);
  if (answer === null || !answer.ok) return;
  const select = label.querySelector("select");
  const page = window.location.href.slice(root.href.length);
  for (const { version, folder } of await answer.json()) {
    const there = new URL(`${folder}/`, above);
    const option = new Option(version, there.href, false, there.href === root.href);
    select.append(option);
  }
  select.addEventListener("change", () => {
    window.location.href = select.value + page;
  });
  label.hidden = false;
});

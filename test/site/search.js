/* Ask Sphinx's own search, as the pages have it, under Node.
 *
 *     node search.js FOLDER < queries.json
 *
 * FOLDER is that of the built pages; queries.json is a list of texts. Prints a list with
 * the results of each, the best first: [page, title, anchor].
 */
"use strict";
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const folder = process.argv[2];
const read = (name) => fs.readFileSync(path.join(folder, name), "utf8");

/* As little of a browser as the search needs. */
const listeners = [];
const element = () => ({ classList: { add() {} }, dataset: {}, appendChild: (child) => child });
const document = {
  addEventListener: (_name, listener) => listeners.push(listener),
  createElement: element,
  getElementById: () => null,
  querySelectorAll: () => [],
  documentElement: element(),
  body: element(),
  readyState: "loading",
};
const window = { location: { search: "", href: "", hash: "" } };
const context = vm.createContext({
  console, document, window, URLSearchParams, URL, Set, Map,
  localStorage: { setItem() {}, getItem: () => null },
  navigator: { userAgent: "" },
});
const scripts = [
  "_static/documentation_options.js",
  "_static/doctools.js",
  "_static/sphinx_highlight.js",
  "_static/language_data.js",
  "_static/searchtools.js",
];
const source = scripts.map(read).join("\n");
vm.runInContext(
  `${source}
  Object.assign(this, window, { Search });`,
  context,
);
listeners.forEach((listener) => listener());
vm.runInContext(read("searchindex.js"), context);

const answer = (query) => {
  window.location.search = `?q=${encodeURIComponent(query)}`;
  const results = context.Search._performSearch(...context.Search._parseQuery(query));
  return results.reverse().slice(0, 10).map((row) => row.slice(0, 3));
};
const queries = JSON.parse(fs.readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(queries.map(answer)));

/* Run the pages' script that offers versions, as in a browser.
 *
 *     node versions.js SCRIPT VERSIONS
 *
 * VERSIONS is what versions.json has, or "" where there is none. Prints the options that
 * the reader sees, and whether they are hidden. */
"use strict";
const fs = require("fs");
const vm = require("vm");

const [script, versions] = process.argv.slice(2);
const options = [];
const select = { append: (option) => options.push(option), addEventListener() {} };
const label = { hidden: true, querySelector: () => select };
const listeners = [];
const document = {
  addEventListener: (_name, listener) => listeners.push(listener),
  getElementById: () => label,
  documentElement: { dataset: { content_root: "../" } },
};
const window = {
  location: new URL("https://example.org/docs/20.0/reference/client.html"),
};
function Option(text, value, _byDefault, selected) {
  Object.assign(this, { text, value, selected });
}
const fetch = async (url) => ({
  ok: versions !== "" && url.href === "https://example.org/docs/versions.json",
  json: async () => JSON.parse(versions),
});
const names = { window, document, Option, URL, fetch };
vm.runInNewContext(fs.readFileSync(script, "utf8"), names);
listeners[0]().then(() => {
  process.stdout.write(JSON.stringify({ options, hidden: label.hidden }));
});

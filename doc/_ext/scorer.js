/* How Sphinx's search orders what it finds: an entry of the reference comes before the
 * pages that mention it, and the text of an error leads to its entry, also when the query
 * is a whole line of a log. Sphinx puts this file before its own searchtools.js. */

/* What searchtools.js would take itself; it has no default for a part of it. */
var Scorer = {
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
  score: (result) => scoreOf(result),
};

const ERROR_TEXTS = "reference/error-texts";

/* Pages and objects that are rarely meant: [beginning of a page or name, points]. */
const LESS_LIKELY = [
  ["changelog", -30],
  ["contributing", -30],
  ["internals", -20],
  ["aerospike.AsyncClient.", -4],
  ["aerospike.AsyncQuery.", -4],
  ["aerospike.AsyncScan.", -4],
  ["aerospike.Query.", -1],
  ["aerospike.Scan.", -1],
  ["aerospike.Client.list_", -2],
  ["aerospike.Client.map_", -2],
  ["aerospike.LList.", -20],
  ["aerospike.exception.LDT", -20],
];

/* What the reader looks for, without brackets behind a name. */
const typed = () =>
  (new URLSearchParams(window.location.search).get("q") || "")
    .trim()
    .replace(/\(\)?$/, "");

const lastPart = (name) => name.split(".").pop();

function scoreOf([docName, title, , , score, , kind]) {
  const query = typed().toLowerCase();
  const name = title.toLowerCase();
  for (const [beginning, points] of LESS_LIKELY) {
    if (docName.startsWith(beginning) || title.startsWith(beginning)) score += points;
  }
  if (kind === "object") {
    if (name === query) score += 200;
    else if (lastPart(name) === lastPart(query)) score += 100;
    else if (lastPart(name).startsWith(query)) score += 20;
    if (lastPart(title) === lastPart(typed())) score += 3; // TTL is not ttl
  } else if (kind === "title") {
    if (lastSection(name) === query) score += docName === ERROR_TEXTS ? 90 : 60;
  } else if (kind === "index") {
    // codes of errors and their names; each object is found as such, too
    const isCode = score === 100 || /^code -?\d+$/.test(query);
    score = isCode ? score + 100 : Math.min(score, 10);
  }
  return score;
}

const lastSection = (title) => title.split(" > ").pop();

/* The title as the error has it: Sphinx changes apostrophes and dots. */
const written = (title) =>
  title.toLowerCase().replace(/\u2019/g, "'").replace(/\u2026/g, "...");

const isLetter = (character) => /\w/.test(character || "");

/* Whether a text has all parts of an error's text, in their order. "..." stands for what
 * differs from time to time. A part is not the beginning or the end of a longer word:
 * "connect_timeout" has no "timeout". */
const hasText = (said, title) => {
  let at = 0;
  return written(title)
    .split("...")
    .map((part) => part.trim())
    .filter((part) => part)
    .every((part) => {
      const found = said.indexOf(part, at);
      at = found + part.length;
      return found >= 0 && !isLetter(said[found - 1]) && !isLetter(said[at]);
    });
};

/* Whether the query is some words of an error's text: the reader remembers only them. */
const isPartOf = (said, title) => said.includes(" ") && written(title).includes(said);

/* Entries of error texts that the query contains, the longest last. */
const errorTextsIn = (query) => {
  const said = query.toLowerCase().trim();
  const { alltitles, docnames, filenames, titles } = Search._index;
  const found = [];
  for (const [title, places] of Object.entries(alltitles)) {
    for (const [file, id] of places) {
      const isMeant = hasText(said, title) || isPartOf(said, title);
      if (docnames[file] === ERROR_TEXTS && id !== null && isMeant) {
        const shown = `${titles[file]} > ${title}`;
        found.push([docnames[file], shown, `#${id}`, null, 150, filenames[file], "title"]);
      }
    }
  }
  return found.sort((one, other) => one[1].length - other[1].length);
};

/* Sphinx has no place for this, so its function is wrapped. The last result is shown
 * first. */
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  const usual = Search._performSearch;
  Search._performSearch = (query, ...terms) => {
    const results = usual(query, ...terms);
    const texts = errorTextsIn(query);
    const anchors = new Set(texts.map((row) => row[0] + row[2]));
    return [...results.filter((row) => !anchors.has(row[0] + row[2])), ...texts];
  };
});

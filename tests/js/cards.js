// Parses the card of each file named on the command line with character-card-utils; prints one JSON line a file.
const { v2 } = require("character-card-utils");
const { isDeepStrictEqual } = require("util");
const fs = require("fs");

for (const file of process.argv.slice(2)) {
  const card = JSON.parse(fs.readFileSync(file, "utf8"));
  const parsed = v2.parse(card);
  console.log(JSON.stringify({ name: parsed.data.name, same: isDeepStrictEqual(parsed, card) }));
}

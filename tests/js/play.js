// Compiles an ink story with inkjs and plays it: at each turn the first wanted choice that is offered is taken.
// node play.js STORY.ink '["Choice one", "Choice two"]'; prints what was read and what was chosen, as JSON.
const { Compiler } = require("inkjs/full");
const fs = require("fs");

const [file, wanted] = [process.argv[2], JSON.parse(process.argv[3])];
const compiler = new Compiler(fs.readFileSync(file, "utf8"));
const story = compiler.Compile();
let read = story.ContinueMaximally();
const chosen = [];
for (const want of wanted) {
  const index = story.currentChoices.findIndex((choice) => choice.text === want);
  if (index < 0) {
    console.log(JSON.stringify({ missing: want, offered: story.currentChoices.map((choice) => choice.text), read }));
    process.exit(1);
  }
  chosen.push(want);
  story.ChooseChoiceIndex(index);
  read += story.ContinueMaximally();
}
console.log(JSON.stringify({ read, chosen, offered: story.currentChoices.map((choice) => choice.text) }));

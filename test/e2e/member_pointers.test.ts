// Scenario A12 for pointers to members: an even address means a function, an odd one a slot of the vtable.

import { runScenarios, type Scenario } from "./scenario_suite.js";

const memberPointers: Scenario = {
  row: "A12",
  name: "pointers to member functions, virtual or not, call the new code and stay equal",
  async run(program) {
    await program.shows({ call: "11_102_1003", here: "equal_equal", there: "none_none" });
    program.edit("body.cc", "mass * 10 + x", "mass * 20 + x");
    await program.hot(/Body::weight\b/);
    await program.shows({ call: "21_102_1003", here: "equal_equal" });
    program.edit("body.cc", "mass * 1000 + x", "mass * 2000 + x");
    await program.hot(/Body::height/);
    await program.shows({ call: "21_102_2003", here: "equal_equal" });
    program.edit("body.cc", "take_weight() { return nullptr; }", "take_weight() { return &Body::weight; }");
    await program.hot(/take_weight/);
    await program.shows({ there: "equal_none" });
    program.edit("body.cc", "take_height() { return nullptr; }", "take_height() { return &Body::height; }");
    await program.hot(/take_height/);
    await program.shows({ there: "equal_equal", here: "equal_equal", call: "21_102_2003" });
  },
};

runScenarios("members", "members", [memberPointers]);

import { testInChromium } from "../support/chromium.ts";

testInChromium(
  "in Chromium, the parts that pages share work by mouse and keyboard and load nothing else",
  new URL("kit_in_browser.ts", import.meta.url),
);

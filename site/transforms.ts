/**
 * What makes the input of a network that was measured on transformed pictures: with the library that
 * checks transforms it is larger than the page's own script, so that loads it only where it is needed.
 */
export { pictureView } from "../datasets/picture_view.ts";

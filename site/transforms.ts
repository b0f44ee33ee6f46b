/**
 * Produces the input of a network that was evaluated on transformed images. With the library that
 * validates transforms it is larger than the page's own script, so the page loads it only if needed.
 */
export { pictureView } from "../datasets/picture_view.ts";

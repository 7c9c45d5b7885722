// The public interface of the plugin: the build graph, the patches, and what they report.
export * from "./errors.js";

package dev.velo.cas.manifest;

/** Says that the layers below have nothing of this name to show. */
public record WhiteoutNode() implements TreeNode {}

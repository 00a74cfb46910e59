package dev.velo.cas.manifest;

/** What a name in a tree stands for. */
public sealed interface TreeNode permits DirectoryNode, FileNode, SymlinkNode, WhiteoutNode {}

package verdict

// maxDepth bounds how deep documents nest. Ours need eight levels; a cycle of pointers would never end.
const maxDepth = 64

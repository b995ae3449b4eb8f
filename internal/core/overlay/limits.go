package overlay

// Every bound of the package. Real kustomizations stay far below: the largest of 900 looked at has 9 KiB and 40 entries.
const (
	// maxKustomization bounds one kustomization file, before any parser sees it (alias bombs, 20 MB files).
	maxKustomization = 1 << 20
	// maxFile bounds one file that a kustomization refers to; custom resource definitions reach 2 MiB.
	maxFile = 8 << 20
	// maxKustomizationNodes bounds the same file's keys and values, aliases expanded: three parsers read them.
	maxKustomizationNodes = 1 << 15
	// maxNodes bounds another YAML document after its aliases are expanded, the way kustomize will expand them.
	maxNodes = 1 << 20
	// maxDepth bounds nesting: parsers and comparisons recurse.
	maxDepth = 100
	// maxVisits bounds how often directories and files are read while one overlay is rendered, counted as kustomize counts:
	// a base that is reached twice is read twice, so that thirty small files could otherwise ask for a billion reads.
	maxVisits = 4000
	// maxVisitedBytes bounds the same in bytes.
	maxVisitedBytes = 64 << 20
	// maxGraphDepth bounds the chain from an overlay to its deepest base.
	maxGraphDepth = 32
	// maxRemembered bounds the file contents that a Tree keeps; whole repositories of 4,000 files have some 10 MiB.
	maxRemembered = 48 << 20
	// maxPath bounds a path, and maxName the name of an entry, which kustomize compiles as a regular expression.
	maxPath = 1024
	maxName = 512
	// maxFindings bounds what one proof says; the rest is counted.
	maxFindings = 20
)

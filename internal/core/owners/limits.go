package owners

// The bounds of this package.
const (
	// maxFile is GitHub's own limit ("CODEOWNERS files must be under 3 MB in size"), taken as the smaller reading of MB: a file
	// that GitHub may not load must not lend owners here.
	maxFile = 3_000_000
	// maxProblems keeps a file of nothing but broken lines from filling memory and pages; the last one says that more follow.
	maxProblems = 1000
	// maxQuote is how much of a broken line a problem repeats.
	maxQuote = 120
)

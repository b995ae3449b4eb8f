package evidence

const (
	// maxDepth is how deeply foreign JSON may nest. Scanner reports nest eight levels; beyond 64 only attacks do (A36).
	maxDepth = 64
	// maxSubjects is how many subjects a statement may name. More is how a digest is hidden among others (A09).
	maxSubjects = 64
	// maxFindings is how many findings one report may hold (A37); the largest real report in the field has some 3,500.
	maxFindings = 50_000
	// maxText bounds identifiers, names and versions, so that one finding cannot fill a page.
	maxText = 1024
	// maxList bounds aliases, fixed versions and ratings of one finding.
	maxList = 64
)

package evidence

const (
	// maxDepth is how deeply foreign JSON may nest. Scanner reports nest eight levels; beyond 64 only attacks do (A36).
	maxDepth = 64
	// maxSubjects is how many subjects a statement may name. More is how a digest is hidden among others (A09).
	maxSubjects = 64
	// maxSubjectBytes is room for as many subjects with long names and several digests each.
	maxSubjectBytes = 256 << 10
	// maxReportRest bounds a report without its findings and whatever else is not read: what was scanned and by what.
	maxReportRest = 1 << 20
	// maxFindings is how many findings one report may hold (A37); the largest real report in the field has some 3,500. In normal form each
	// takes up to a kilobyte, beside the report itself.
	maxFindings = 25_000
	// maxValues bounds all values of a document, also those that are left alone here: the Sigstore library makes a hundred bytes of
	// each. A scanner report of 16 MiB, the largest that GitHub takes, holds some 400,000.
	maxValues = 1_000_000
	// maxKeys, maxStructs and maxScalars bound what a document may make the decoder allocate, some 60 MiB: its bytes alone do not,
	// because an empty object of two bytes becomes a struct of three hundred.
	maxKeys    = 100_000
	maxStructs = 150_000
	maxScalars = 500_000
	// maxText bounds identifiers, names and versions, so that one finding cannot fill a page.
	maxText = 2048
	// maxList bounds aliases, fixed versions and ratings of one finding.
	maxList = 256
)

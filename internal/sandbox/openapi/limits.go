package openapi

// maxDescription bounds the description file; GitHub's is 13 MB, with every reference resolved 73 MB.
const maxDescription = 128 << 20

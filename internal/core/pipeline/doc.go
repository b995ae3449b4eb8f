// Package pipeline holds the documents of .liftlock/: types, strict parsing with positions, and the requirements they resolve to.
package pipeline

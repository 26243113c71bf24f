// Package notebook runs an experiment's script as a notebook: it checks the script, interprets it cell by cell in a
// supervised child process, and writes what it showed as a self-contained HTML page and an executed .ipynb.
//
// A script is Go. The body of main is cut at lines that begin with //%%; a line //%% md opens a cell of Markdown, written
// as comments. Scripts see lab and a few packages of the standard library that do no input or output. They are
// type-checked against yaegi's own symbol tables, so no toolchain is needed, and refused, with line and remedy, where
// yaegi cannot run what Go allows.
package notebook

// Package report renders REPORT.md and its figures from results/PROFILE, the frozen plan and the catalogue of attacks, and nothing else.
//
// template.md holds the words. Every number in it comes from a function that looks it up by
// experiment, arm and metric, and every claim is worded by its test's outcome; [Lint]
// refuses a template whose prose holds a digit or a number word, and [Render] runs it first.
// What is not stored is said in place. The same tables give the same bytes on any path, locale and time zone.
package report

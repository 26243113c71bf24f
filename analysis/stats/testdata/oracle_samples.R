# Expected values from R for the inputs that oracle_samples.py wrote: exact intervals by binom.test, Wilson's by
# prop.test, permutation by exactRankTests, ranks by coin (exact, ties and zeros) and wilcox.test (normal). Run in
# this directory after it. R 4.2.2; jsonlite, coin and exactRankTests from Debian 12.
suppressPackageStartupMessages({library(jsonlite); library(coin); library(exactRankTests)})
input <- fromJSON("oracle_samples_py.json", simplifyVector = TRUE, simplifyDataFrame = FALSE, simplifyMatrix = FALSE)
out <- list()
sides <- c("two-sided" = "two.sided", greater = "greater", less = "less")

out$rates <- lapply(input$rates, function(c) list(
  exact = binom.test(c$k, c$n, conf.level = c$level)$conf.int[1:2],
  wilson = suppressWarnings(prop.test(c$k, c$n, conf.level = c$level, correct = FALSE))$conf.int[1:2]))

out$samples <- lapply(input$samples, function(c) {
  v <- c(c$x, c$y); g <- factor(rep(c("a", "b"), c(length(c$x), length(c$y))))
  list(mann_whitney = lapply(sides, function(s) as.numeric(pvalue(wilcox_test(v ~ g, distribution = "exact", alternative = s)))),
       # perm.test wants whole numbers; the values have at most two decimals.
       permutation = lapply(sides, function(s) perm.test(round(100 * c$x), round(100 * c$y), alternative = s, exact = TRUE)$p.value))
})

out$paired <- lapply(input$paired, function(c) lapply(sides, function(s) {
  zero <- rep(0, length(c$d))
  as.numeric(pvalue(wilcoxsign_test(c$d ~ zero, distribution = "exact", zero.method = "Pratt", alternative = s)))
}))

out$large_mann_whitney <- lapply(sides, function(s)
  wilcox.test(input$large_ranks$x, input$large_ranks$y, exact = FALSE, correct = TRUE, alternative = s)$p.value)

out$mcnemar <- lapply(input$mcnemar, function(c) binom.test(c$counts[2], c$counts[2] + c$counts[3])$p.value)

write_json(out, "oracle_samples_r.json", digits = 17, auto_unbox = TRUE)

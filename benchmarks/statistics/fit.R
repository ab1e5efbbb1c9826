# One fit of R in a process of its own: Rscript fit.R TASK FOLDER SMALL prints seconds, memory, an answer.
# The clock covers the fit only, in seconds of the processor (user and system); a fit of the small cohort SMALL comes before it.
# A fit shorter than half a second is repeated and the mean counts, as in fit.py.
suppressPackageStartupMessages(library(survival))
words <- commandArgs(trailingOnly = TRUE)
task <- words[1]; folder <- words[2]; small <- words[3]
column_of <- function(folder) function(name) {
  path <- file.path(folder, paste0(name, ".f64"))
  readBin(path, "double", file.info(path)$size / 8)
}
memory <- function(word) {
  line <- grep(paste0("^", word), readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}
at <- 1000
fit_of <- function(column) {
  time <- column("time")
  covariates <- function(count) {
    x <- sapply(seq_len(count) - 1, function(k) column(paste0("x", k)))
    colnames(x) <- paste0("x", seq_len(count) - 1)
    x
  }
  if (grepl("^cox", task)) {
    event <- column("event")
    frame <- data.frame(covariates(as.integer(substring(task, 4))))
    fit <- function() coef(coxph(Surv(time, event) ~ ., data = frame, ties = "efron"))[[1]]
  } else if (task == "km") {
    event <- column("event")
    fit <- function() summary(survfit(Surv(time, event) ~ 1), times = at)$surv
  } else if (task == "logrank") {
    event <- column("event"); group <- column("group")
    fit <- function() survdiff(Surv(time, event) ~ group)$chisq
  } else if (task == "cif_survfit" || task == "cif_survfit_plain") {
    cause <- factor(column("cause"), 0:2)
    with_se <- task == "cif_survfit"
    fit <- function() summary(survfit(Surv(time, cause) ~ 1, se.fit = with_se), times = at)$pstate[1, 2]
  } else if (task == "cif_cuminc") {
    suppressPackageStartupMessages(library(cmprsk))
    cause <- column("cause")
    fit <- function() timepoints(cuminc(time, cause), at)$est[1, 1]
  } else if (task == "concordance" || task == "concordance_plain") {
    event <- column("event"); score <- column("score")
    with_se <- task == "concordance"
    fit <- function() concordancefit(Surv(time, event), score, reverse = TRUE, std.err = with_se)$concordance[[1]]
  } else if (task == "fine_gray_crr") {
    suppressPackageStartupMessages(library(cmprsk))
    cause <- column("cause"); x <- covariates(5)
    fit <- function() crr(time, cause, x)$coef[[1]]
  } else if (task == "fine_gray_finegray") {
    frame <- data.frame(covariates(5), time = time, cause = factor(column("cause"), 0:2))
    fit <- function() {
      rows <- finegray(Surv(time, cause) ~ ., data = frame, etype = "1")
      coef(coxph(Surv(fgstart, fgstop, fgstatus) ~ x0 + x1 + x2 + x3 + x4, weights = fgwt, data = rows))[[1]]
    }
  } else {
    frame <- data.frame(id = column("ms_id"), start = column("ms_start"), stop = column("ms_stop"),
                        from = factor(column("ms_from"), 1:3, c("well", "ill", "dead")),
                        to = factor(column("ms_to"), 0:3, c("censored", "well", "ill", "dead")))
    with_se <- task == "multistate_survfit"
    fit <- function() {
      found <- survfit(Surv(start, stop, to) ~ 1, data = frame, id = id, istate = from, se.fit = with_se)
      summary(found, times = at)$pstate[1, match("ill", found$states)]
    }
  }
  fit
}
invisible(fit_of(column_of(small))())
fit <- fit_of(column_of(folder))
invisible(gc(full = TRUE))
cat("5", file = "/proc/self/clear_refs")
before <- memory("VmRSS")
timed <- function(times) {
  start <- proc.time()
  for (k in seq_len(times)) answer <- fit()
  spent <- (proc.time() - start) / times
  c(max(spent[["user.self"]] + spent[["sys.self"]], 1e-5), max(spent[["elapsed"]], 1e-5), answer)
}
found <- timed(1)
extra <- memory("VmHWM") - before
if (found[2] < 0.5) found <- timed(as.integer(0.5 / found[2]) + 1)
cat(sprintf('{"seconds": %.6f, "wall": %.6f, "extra": %.3f, "answer": %.15g}\n', found[1], found[2], extra, found[3]))

# Reads what one test file said in TAP and writes its line, a line "= passed
# failed skipped", and a line "! ..." a failure, "- ..." a skipped test.
# A file that ends with another status than its tests explain, that has no plan
# or misses it, has failed once more.

function fail(why) {
    failed++
    trouble = trouble "\n! " name ": " why
}

/^ok / {
    if ($0 ~ /# *[Ss][Kk][Ii][Pp]/) {
        sub(/^ok [0-9]+ *-? */, "")
        if (strict)
            fail("skipped: " $0)
        else {
            skipped++
            skips = skips "\n- " name ": " $0
        }
    } else
        passed++
    told = 0
    next
}

/^not ok / {
    sub(/^not ok [0-9]* *-? */, "")
    fail($0)
    told = 1
    next
}

/^1\.\.[0-9]+/ {
    plan = substr($0, 4) + 0
    planned = 1
    if (plan == 0 && $0 ~ /# *[Ss][Kk][Ii][Pp]/) {
        skipped++
        skips = skips "\n- " name ": " $0
        plan = passed + failed + skipped
    }
    next
}

# What follows a failure explains it; sanitizers explain themselves.
/^# .* @ [0-9]+: / { told = 0 }
told && /^#/ { trouble = trouble "\n!     " substr($0, 3) }
/(ERROR|WARNING|SUMMARY|FATAL): [A-Za-z]+Sanitizer/ { report = $0 }
/^[^ ]+:[0-9]+:[0-9]+: runtime error: / { report = $0 }
{ last = $0 }

END {
    if (status == 124 || status == 137)
        fail("took too long")
    else if (!planned)
        fail("ended with status " status " before its plan: " last)
    else if (plan != passed + failed + skipped)
        fail("planned " plan " tests, ran " passed + failed + skipped)
    else if (report)
        fail(report)
    else if (status && !failed)
        fail("ended with status " status ": " last)
    printf "%-5s %-52s %4d in %.2f s\n", failed ? "FAIL" : "ok", name,
        passed + failed, ms / 1000
    print "= " passed + 0, failed + 0, skipped + 0
    if (skips)
        print substr(skips, 2)
    if (trouble)
        print substr(trouble, 2)
}

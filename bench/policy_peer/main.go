// The conditions of bench/policy.c in cel-go and OPA: the same rows (JSON lines from the C program), the best of the rounds, nanoseconds per answer.
//
//	go run . ROWS ROUNDS < conditions
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"github.com/open-policy-agent/opa/v1/rego"
)

type row struct {
	Age     int64   `json:"age"`
	Country string  `json:"country"`
	Days    int64   `json:"days"`
	Spend   float64 `json:"spend"`
	Out     bool    `json:"out"`
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func rowsRead(path string) []map[string]any {
	file, err := os.Open(path)
	check(err)
	defer file.Close()
	var rows []map[string]any
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		var r row
		check(json.Unmarshal(scanner.Bytes(), &r))
		rows = append(rows, map[string]any{"age": r.Age, "country": r.Country, "days": r.Days, "spend": r.Spend, "out": r.Out})
	}
	return rows
}

// The least time of an answer over the rounds, and how many answers are true.
func measure(rows []map[string]any, rounds int, ask func(int) bool) (float64, int) {
	best, yes := math.Inf(1), 0
	for round := 0; round < rounds; round++ {
		count, start := 0, time.Now()
		for i := range rows {
			if ask(i) {
				count++
			}
		}
		best, yes = math.Min(best, float64(time.Since(start).Nanoseconds())/float64(len(rows))), count
	}
	return best, yes
}

func celProgram(condition string) cel.Program {
	env, err := cel.NewEnv(cel.Variable("age", cel.IntType), cel.Variable("country", cel.StringType), cel.Variable("days", cel.IntType),
		cel.Variable("spend", cel.DoubleType), cel.Variable("out", cel.BoolType))
	check(err)
	tree, issues := env.Compile(condition)
	check(issues.Err())
	program, err := env.Program(tree, cel.EvalOptions(cel.OptOptimize))
	check(err)
	return program
}

// What a condition of CEL is in Rego; "" where there is none.
func regoOf(condition string) string {
	return map[string]string{
		"age >= 18 && country == 'DE' && days < 30": "input.age >= 18; input.country == \"DE\"; input.days < 30",
		"age >= 18":                     "input.age >= 18",
		"country in ['DE', 'FR', 'IE']": "input.country in [\"DE\", \"FR\", \"IE\"]",
		"country.matches('^(DE|FR)$')":  "regex.match(\"^(DE|FR)$\", input.country)",
		"[age, days].exists(x, x > 70)": "some x in [input.age, input.days]; x > 70",
	}[condition]
}

func main() {
	rows := rowsRead(os.Args[1])
	rounds, err := strconv.Atoi(os.Args[2])
	check(err)
	scanner := bufio.NewScanner(os.Stdin)
	for scanner.Scan() {
		condition := strings.TrimSpace(scanner.Text())
		program := celProgram(condition)
		nanoseconds, yes := measure(rows, rounds, func(i int) bool {
			value, _, err := program.Eval(rows[i])
			check(err)
			return value.Value() == true
		})
		fmt.Printf("cel-go\t%s\t%.1f\t%d\n", condition, nanoseconds, yes)
		text := regoOf(condition)
		if text == "" {
			continue
		}
		query, err := rego.New(rego.Query("data.bench.allow"), rego.Module("bench.rego", "package bench\n\ndefault allow := false\n\nallow if { "+text+" }\n")).PrepareForEval(context.Background())
		check(err)
		options := make([]rego.EvalOption, 0, len(rows))
		for i := range rows {
			options = append(options, rego.EvalInput(rows[i]))
		}
		nanoseconds, yes = measure(rows, rounds/10+1, func(i int) bool {
			results, err := query.Eval(context.Background(), options[i])
			check(err)
			return results.Allowed()
		})
		fmt.Printf("opa\t%s\t%.1f\t%d\n", condition, nanoseconds, yes)
	}
	check(scanner.Err())
}

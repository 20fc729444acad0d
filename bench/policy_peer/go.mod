module evenhand.example/bench/policy

go 1.26

require (
	cel.dev/cel-go v0.33.2
	github.com/open-policy-agent/opa v1.22.2
)

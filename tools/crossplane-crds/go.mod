// Modules that are read for the CRDs in them and never built: the oldest and the newest that the agent gateway is tried on.
module crossplane-crds

go 1.26.0

require (
	github.com/crossplane/crossplane v1.14.5
	github.com/crossplane/crossplane/v2 v2.3.4
)

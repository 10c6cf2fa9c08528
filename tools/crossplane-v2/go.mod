module lab

go 1.26

require github.com/crossplane/crossplane/v2 v2.0.2

"""Many runs that differ in some settings: their points, jobs and search, and which of them is best."""

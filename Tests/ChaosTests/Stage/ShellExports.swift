/// What a script prints for `eval`.
enum ShellExports {
    /// The `JOBS_…` variables but those of tests; backslashes of `printf %q` are taken away.
    static func variables(in text: String) -> [String: String] {
        var variables: [String: String] = [:]
        for line in text.split(separator: "\n")
        where line.hasPrefix("export JOBS_") && !line.hasPrefix("export JOBS_TEST") {
            let parts = line.dropFirst("export ".count).split(separator: "=", maxSplits: 1)
            if parts.count == 2 { variables[String(parts[0])] = parts[1].filter { $0 != "\\" } }
        }
        return variables
    }
}

/// Everything in which the registered types and the manifest disagree.
package struct RegistryMismatch: Error, Sendable, CustomStringConvertible {
    package let problems: [String]

    package var description: String {
        problems.joined(separator: "\n")
    }
}

extension JobRegistry {
    /// Refuses a type without worker and the reverse, a version that only one side knows, and an example that does not
    /// decode, or that comes back with other keys.
    package func check(against manifest: Manifest) throws(RegistryMismatch) {
        var problems = mistakes
        for name in types.keys.sorted() where manifest.jobs[name] == nil && !optionalTypes.contains(name) {
            problems.append("\(name) has a worker, but no declaration in the manifest: add it to a file in jobs/")
        }
        for declaration in manifest.jobs.values.sorted(by: { $0.name < $1.name }) {
            guard let type = types[declaration.name] else {
                problems.append(
                    "\(declaration.declaredAt): \(declaration.name) has no worker: register it, or remove it here"
                )
                continue
            }
            if type.version != declaration.version {
                problems.append(
                    """
                    \(declaration.declaredAt): \(declaration.name) is version \(declaration.version) here and \
                    \(type.version) in the code
                    """
                )
            }
            for (version, examples) in declaration.examples.sorted(by: { $0.key < $1.key }) {
                for (index, example) in examples.enumerated() {
                    guard let problem = problem(in: example, version: version, of: type) else { continue }
                    problems.append(
                        "\(declaration.declaredAt): example \(index + 1) of \(declaration.name) version \(version): \(problem)"
                    )
                }
            }
        }
        for schedule in manifest.schedules.values.sorted(by: { $0.name < $1.name }) {
            guard let type = types[schedule.job], type.version == manifest.jobs[schedule.job]?.version else { continue }
            let payload = schedule.payload(at: Timestamp(milliseconds: 0))
            guard let problem = problem(in: payload, version: type.version, of: type) else { continue }
            problems.append("\(schedule.declaredAt): payload of schedule \(schedule.name): \(problem)")
        }
        guard problems.isEmpty else { throw RegistryMismatch(problems: problems) }
    }

    private func problem(in example: [UInt8], version: Int, of type: RegisteredJob) -> String? {
        do {
            let back = try type.roundTrip(example, version)
            guard version == type.version else { return nil }
            let lost = JSONKeys.of(example).subtracting(JSONKeys.of(back))
            return lost.isEmpty ? nil : "the type does not know \(lost.sorted().joined(separator: ", "))"
        } catch let error as Malformed {
            return error.message
        } catch {
            return "\(error)"
        }
    }
}

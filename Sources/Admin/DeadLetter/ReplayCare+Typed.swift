import JobCore

extension ReplayCare {
    /// What was typed.
    init(canary: String?, abortIfFail: String?) throws {
        var stages: [Stage] = []
        for part in canary?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
            let text = part.trimmingPrefix(while: \.isWhitespace)
            if text.hasSuffix("%"), let percent = Double(text.dropLast()), percent > 0, percent <= 100 {
                stages.append(.share(percent / 100))
            } else if let count = Int(text), (1...1_000_000).contains(count) {
                stages.append(.letters(count))
            } else {
                throw CommandFailure.usage("--canary must be growing numbers or shares: 1,5,20,100 or 1%,10%,50%")
            }
        }
        for (before, after) in zip(stages, stages.dropFirst()) where !before.isBelow(after) {
            throw CommandFailure.usage("--canary must grow from step to step: 1,5,20,100")
        }
        var limit = stages.isEmpty ? nil : Optional(ReplayCare.defaultAbortAbove)
        if let abortIfFail {
            guard abortIfFail.hasSuffix("%"), let percent = Double(abortIfFail.dropLast()), (0...100).contains(percent)
            else { throw CommandFailure.usage("--abort-if-fail must be a share from 0% to 100%: 5%") }
            limit = percent / 100
        }
        self.init(stages: stages, abortAbove: limit)
    }
}

extension ReplayCare.Stage {
    /// Numbers and shares are not compared: which is greater depends on how many letters there are.
    fileprivate func isBelow(_ next: ReplayCare.Stage) -> Bool {
        switch (self, next) {
        case (.letters(let count), .letters(let more)): count < more
        case (.share(let share), .share(let more)): share < more
        default: true
        }
    }
}

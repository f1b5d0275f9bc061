import Foundation

/// The clocks of a measurement, in whole microseconds.
enum Clock {
    /// Since 1970; the same clock in every process of the machine.
    static var wall: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    /// What all threads of this process have used, in user and kernel mode.
    static var cpu: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    /// Blocks the calling thread, which must be its own.
    static func sleep(until wall: Int64) {
        var time = timespec(tv_sec: Int(wall / 1_000_000), tv_nsec: Int(wall % 1_000_000) * 1_000)
        while clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &time, nil) == EINTR {}
    }
}

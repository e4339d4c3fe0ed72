#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The machine that the process runs on.
enum Machine {
  /// The bytes of main memory that this process may use: all, or what its control group allows.
  static var memory: Double {
    let physical = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
    return controlGroupLimits.reduce(physical, min)
  }

  /// The limits of the control group, versions 2 and 1, as containers see them.
  private static var controlGroupLimits: [Double] {
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"].compactMap { path in
      guard let file = fopen(path, "r") else { return nil }
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 64)
      guard fgets(&line, Int32(line.count), file) != nil else { return nil }
      let limit = strtod(line, nil)  // 0 for "max"
      return limit > 0 ? limit : nil
    }
  }

  /// The processors that the system has switched on.
  static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}

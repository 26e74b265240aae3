// What modules of the dashboard read from a browser when they are loaded or called: just enough for pure functions.

const light = { matches: false, addEventListener() {} };

Object.assign(globalThis, {
  matchMedia: () => light,
  location: { origin: "http://clr.example", pathname: "/jobs/job_1", search: "", assign() {} },
  document: { documentElement: {} },
  getComputedStyle: () => ({ getPropertyValue: () => " #102030 " }),
});

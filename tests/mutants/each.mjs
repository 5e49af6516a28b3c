/** Does the work with two at a time, and says how far it is. @template T @param {T[]} all @param {(one: T) => Promise<void>} work */
export async function each(all, say, what, work) {
  const left = [...all];
  const worker = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      await work(one);
      const done = all.length - left.length;
      if (done % 25 === 0) say(`${what}: ${done} of ${all.length}`);
    }
  };
  await Promise.all([worker(), worker()]);
}

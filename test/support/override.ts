/** The adapter with some members replaced; the others still see the adapter itself. */
export function override<T extends object>(adapter: T, members: Partial<T>): T {
  return new Proxy<T>({} as T, {
    has: (_target, member) => member in adapter,
    get: (_target, member) => {
      if (member in members) return Reflect.get(members, member);
      const value: unknown = Reflect.get(adapter, member, adapter);
      return typeof value === 'function' ? (value.bind(adapter) as unknown) : value;
    },
  });
}

// For this folder and for ui-tests/, which passes it with --config.
import js from '@eslint/js';
import a11y from 'eslint-plugin-jsx-a11y';
import hooks from 'eslint-plugin-react-hooks';
import typescript from 'typescript-eslint';

export default typescript.config(
  { ignores: ['lib', 'node_modules', 'test-results'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [typescript.configs.strictTypeChecked, typescript.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      curly: 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      // A fixture of Playwright that needs no other one.
      'no-empty-pattern': ['error', { allowObjectPatternsAsParameters: true }],
      // Lab's way: what belongs to a token or a class stands in its namespace.
      '@typescript-eslint/no-namespace': 'off',
      // A number in a template is what is meant nearly always.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `onClick={() => void stop()}` says that nobody waits.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }]
    }
  },
  {
    files: ['src/**'],
    extends: [hooks.configs.flat.recommended, a11y.flatConfigs.strict]
  },
  { files: ['*.js'], languageOptions: { globals: { process: 'readonly' } } }
);
